// Records in from a file, and out into one.
import { useCollection } from "../collections/useCollection.ts";
import { ExportPart } from "./ExportPart.tsx";
import { ImportPart } from "./ImportPart.tsx";
import { texts } from "./texts.ts";

export function TransferScreen() {
  const collection = useCollection();
  return (
    <div className="screen">
      <section>
        <h2>{texts.importTitle}</h2>
        <p className="quiet">{texts.importHint}</p>
        <ImportPart collection={collection} />
      </section>
      <section className="section">
        <h2>{texts.exportTitle}</h2>
        <p className="quiet">{texts.exportHint}</p>
        <ExportPart collection={collection} />
      </section>
    </div>
  );
}
