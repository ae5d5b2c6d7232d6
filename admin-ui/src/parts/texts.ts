// Words that several screens share.
export const texts = {
  copy: "Copy",
  copied: "Copied",
  requestId: "Request id",
  retry: "Try again",
  undo: "Undo",
  cancel: "Cancel",
  close: "Close",
  save: "Save",
  loading: "Loading",
  failed: "That did not work",
  typeName: (name: string) => `Type “${name}” to confirm`,
  positionOf: (line: number, column: number) => `line ${line}, column ${column}`,
} as const;
