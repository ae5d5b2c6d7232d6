// How to reach this collection from outside: calls made from its schema, to copy.
import { SegmentedControl } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useCollection } from "../collections/useCollection.ts";
import { CopyButton } from "../parts/CopyButton.tsx";
import { snippetsOf } from "./snippets.ts";
import { texts } from "./texts.ts";

export function SnippetsScreen() {
  const collection = useCollection();
  const [language, setLanguage] = useLocalStorage<"curl" | "client">({
    key: "landfall.snippets",
    defaultValue: "curl",
  });
  return (
    <div className="screen">
      <div className="screen-head">
        <p className="quiet grow">{texts.intro}</p>
        <SegmentedControl
          data={[
            { value: "curl", label: texts.curl },
            { value: "client", label: texts.client },
          ]}
          value={language}
          onChange={(value) => setLanguage(value as "curl" | "client")}
        />
      </div>
      {snippetsOf(collection, location.origin).map((snippet) => (
        <section className="section" key={snippet.id}>
          <div className="code-head">
            <h2>{texts[snippet.id]}</h2>
            <CopyButton value={snippet[language]} label={texts.copy(texts[snippet.id])} />
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
          <pre className="code-block" tabIndex={0}>
            {snippet[language]}
          </pre>
        </section>
      ))}
    </div>
  );
}
