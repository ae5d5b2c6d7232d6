// The words of the denials screen.
export const texts = {
  title: "Denials",
  intro: "Requests that a rule refused, newest first, with the part of the rule that did not hold.",
  emptyTitle: "Nothing was denied",
  emptyBody:
    "When a rule refuses a request, it appears here with the clause that decided. Try one without a credential:",
  at: "When",
  collection: "Collection",
  operation: "Operation",
  actor: "Actor",
  key: (name: string) => `Key ${name}`,
  clause: "Deciding clause",
  openRule: (operation: string, collection: string) => `Open the ${operation} rule of ${collection}`,
  more: "Load more",
  refresh: "Refresh",
} as const;
