// The words of the API tab.
export const texts = {
  intro: "Made from this collection's own fields. Put an API key or an access token in place of $TOKEN.",
  list: "List records",
  filtered: "Filter and sort",
  one: "Read one",
  create: "Create",
  update: "Update",
  remove: "Delete",
  curl: "curl",
  client: "Typed client",
  setUp: "Set up",
  schema: (file: string) => `Download ${file}`,
  schemaWhy: "Your collections as types, beside the program. Take it anew after a change of the collections.",
  reference: "Every call of this server, to try",
  copy: (what: string) => `Copy ${what}`,
} as const;
