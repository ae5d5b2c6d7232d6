// How to reach this collection from outside: calls made from its schema, to copy.
import { SegmentedControl } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useCollection } from "../collections/useCollection.ts";
import { referenceUrl } from "../frame/texts.ts";
import { CopyButton } from "../parts/CopyButton.tsx";
import { SchemaDownload } from "./SchemaDownload.tsx";
import { setUpCall, snippetsOf } from "./snippets.ts";
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
        <p className="quiet grow">
          {texts.intro}{" "}
          <a href={referenceUrl} target="_blank" rel="noopener">
            {texts.reference}
          </a>
        </p>
        <SegmentedControl
          data={[
            { value: "curl", label: texts.curl },
            { value: "client", label: texts.client },
          ]}
          value={language}
          onChange={(value) => setLanguage(value as "curl" | "client")}
        />
      </div>
      {language === "client" ? <SetUp /> : null}
      {snippetsOf(collection, location.origin).map((snippet) => (
        <section className="section" key={snippet.id}>
          <Code title={texts[snippet.id]} text={snippet[language]} />
        </section>
      ))}
    </div>
  );
}

/** Before the first call of the typed client. */
function SetUp() {
  return (
    <section className="section">
      <Code title={texts.setUp} text={setUpCall(location.origin)} />
      <div className="code-foot empty-actions">
        <SchemaDownload />
        <span className="quiet">{texts.schemaWhy}</span>
      </div>
    </section>
  );
}

function Code({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <>
      <div className="code-head">
        <h2>{title}</h2>
        <CopyButton value={text} label={texts.copy(title)} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className="code-block" tabIndex={0}>
        {text}
      </pre>
    </>
  );
}
