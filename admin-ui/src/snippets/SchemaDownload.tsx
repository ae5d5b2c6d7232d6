// The collections of this server as the schema value of the typed client: what `landfall types` writes, without a terminal.
import { schemaModule, schemaOf } from "@landfall/client/wire";
import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { collectionsQuery } from "../api/queries.ts";
import { saveFile } from "../parts/save-file.ts";
import { texts } from "./texts.ts";

const fileName = "landfall.schema.ts";

export function SchemaDownload() {
  const { data } = useQuery(collectionsQuery);
  const save = () => saveFile(new Blob([schemaModule(schemaOf(data ?? []))], { type: "text/typescript" }), fileName);
  return (
    <Button variant="default" leftSection={<IconDownload size={16} />} disabled={!data} onClick={save}>
      {texts.schema(fileName)}
    </Button>
  );
}
