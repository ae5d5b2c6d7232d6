// The words of import and export.
import { count, counted } from "../parts/time.ts";

export const texts = {
  importTitle: "Import",
  importHint:
    "A file with one JSON object per line (NDJSON), one JSON array, or CSV whose first line names the fields. It is read piece by piece, so its size does not matter.",
  file: "File",
  choose: "Choose a file",
  clear: "Choose no file",
  format: "Format",
  formats: { ndjson: "NDJSON", json: "JSON array", csv: "CSV" },
  preview: "The first rows",
  unknownFields: (names: readonly string[]) =>
    `The collection has no field ${names.map((name) => `“${name}”`).join(", ")}. These columns will be left out.`,
  missingFields: (names: readonly string[]) =>
    `These rows have no ${names.map((name) => `“${name}”`).join(", ")}, which the collection requires: they would be refused. Add it to the file, give the field a default, or make it optional in the schema.`,
  start: "Start import",
  resume: "Resume import",
  cancel: "Stop",
  kept: (file: string, n: number) => `The import of “${file}” was left after ${counted(n, "record")},`,
  keptHow: "Choose the same file again, and it goes on from there.",
  otherFile: (file: string) =>
    `This is not “${file}” as it was. Starting it begins a new import and forgets how far that one came.`,
  forget: "Forget that import",
  look: "Show the records",
  again: "Import another file",
  running: (n: number) => `${counted(n, "record")} imported`,
  finished: (n: number) => `Finished: ${counted(n, "record")} imported`,
  stopped: (n: number) =>
    `Stopped after ${counted(n, "record")}. What was imported stays; resuming goes on from there, also after this page was closed.`,
  stoppedAtOnce: "Stopped: not one of the first rows was taken. Mend the file or the schema, then import it again",
  goOn: "Go on all the same",
  failed: (n: number) => `${counted(n, "row")} refused`,
  progress: "Import progress",
  row: "In rows",
  rows: (rows: readonly number[], more: boolean) => rows.map(count).join(", ") + (more ? " …" : ""),
  times: "Times",
  problem: "Problem",
  moreErrors: (n: number) => `and ${counted(n, "more", "more")}`,
  unreadable: "This row cannot be read:",
  exportTitle: "Export",
  exportHint: "All records as NDJSON, one JSON object per line. The same file can be imported again.",
  export: "Download NDJSON",
  exporting: (n: number) => `${counted(n, "record")} so far`,
  exported: (n: number) => `${counted(n, "record")} exported`,
} as const;
