// How a backup comes back. Not a button: a restore wants an empty database, and this server runs on a full one.
import { docsUrl } from "../frame/texts.ts";
import { CopyButton } from "../parts/CopyButton.tsx";
import { texts } from "./texts.ts";

const words = texts.restore;

export function RestoreHelp({ folder, newest }: { readonly folder: string; readonly newest: string | undefined }) {
  const file = newest === undefined ? "monday.lfbackup" : `${folder}/${newest}`;
  return (
    <section className="section">
      <h2>{words.title}</h2>
      <p>{words.body}</p>
      <Command title={words.fresh} text={`LANDFALL_DATA_DIR=landfall-restored npx landfall restore ${file}`} />
      <Command title={words.own} text={`DATABASE_URL=postgres://… npx landfall restore ${file}`} />
      <p className="quiet code-foot">{words.key}</p>
      <p className="code-foot">
        <a href={`${docsUrl}/guides/backup`}>{words.more}</a>
      </p>
    </section>
  );
}

function Command({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <>
      <div className="code-head code-foot">
        <h3>{title}</h3>
        <CopyButton value={text} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className="code-block" tabIndex={0}>
        {text}
      </pre>
    </>
  );
}
