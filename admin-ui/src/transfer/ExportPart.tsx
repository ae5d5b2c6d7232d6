// All records as a file. The answer is read as it comes, so that progress shows and it can be stopped.
import { Button, Group } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { api } from "../api/api.ts";
import type { Collection } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { saveFile } from "../parts/save-file.ts";
import { toastDone } from "../parts/toasts.tsx";
import { texts } from "./texts.ts";

export function ExportPart({ collection }: { readonly collection: Collection }) {
  const [rows, setRows] = useState<number>();
  const [error, setError] = useState<unknown>();
  const abort = useRef<AbortController>(undefined);

  const start = async () => {
    const controller = new AbortController();
    abort.current = controller;
    setError(undefined);
    setRows(0);
    try {
      const response = await api.records.exported(collection.name, controller.signal);
      const { parts, lines } = await collect(response, setRows);
      saveFile(new Blob(parts, { type: "application/x-ndjson" }), `${collection.name}.ndjson`);
      toastDone(texts.exported(lines));
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure);
    }
    setRows(undefined);
  };
  return (
    <>
      <Group mt="sm">
        <Button
          variant="default"
          leftSection={<IconDownload size={16} />}
          loading={rows !== undefined}
          onClick={() => void start()}
        >
          {texts.export}
        </Button>
        {rows === undefined ? null : (
          <>
            <span className="num" role="status">
              {texts.exporting(rows)}
            </span>
            <Button variant="subtle" color="gray" onClick={() => abort.current?.abort()}>
              {texts.cancel}
            </Button>
          </>
        )}
      </Group>
      {error ? <ProblemView error={error} /> : null}
    </>
  );
}

const lineFeed = 10;

async function collect(response: Response, onRows: (rows: number) => void) {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let lines = 0;
  if (!response.body) return { parts, lines };
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
    parts.push(part);
    for (const byte of part) if (byte === lineFeed) lines += 1;
    onRows(lines);
  }
  return { parts, lines };
}
