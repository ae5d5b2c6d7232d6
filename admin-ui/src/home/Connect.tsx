// The shortest way from a program to this server: one call, whole, made from a collection that is there.
import { SegmentedControl } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import type { Collection } from "../api/types.ts";
import { CopyButton } from "../parts/CopyButton.tsx";
import { SchemaDownload } from "../snippets/SchemaDownload.tsx";
import { firstCall } from "../snippets/snippets.ts";
import { texts } from "./texts.ts";

const words = texts.connect;

export function Connect({ collection }: { readonly collection: Collection }) {
  const [language, setLanguage] = useLocalStorage<"curl" | "client">({
    key: "landfall.snippets",
    defaultValue: "curl",
  });
  const call = firstCall(collection, location.origin)[language];
  return (
    <section>
      <div className="code-head">
        <h2>{words.title}</h2>
        <CopyButton value={call} label={words.copy} />
        <span className="grow" />
        <SegmentedControl
          size="xs"
          data={[
            { value: "curl", label: words.curl },
            { value: "client", label: words.client },
          ]}
          value={language}
          onChange={(value) => setLanguage(value as "curl" | "client")}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className="code-block" tabIndex={0}>
        {call}
      </pre>
      {language === "client" ? (
        <div className="code-foot empty-actions">
          <SchemaDownload />
        </div>
      ) : null}
      <p className="quiet code-foot">
        {words.intro(collection.name)}{" "}
        <Link to="/collections/$name/api" params={{ name: collection.name }}>
          {words.more}
        </Link>
      </p>
    </section>
  );
}
