// The table of contents: what stands in the side bar, in reading order. A page that is not named here or covered by a folder
// fails the contract test.

export interface Chapter {
  readonly title: string;
  /** Files under `docs/`, in order. One that ends in `/` stands for every page of that folder that is named nowhere. */
  readonly pages: readonly string[];
  /** Pages that the server makes and that are not built from a file here. */
  readonly links?: readonly { readonly title: string; readonly href: string }[];
}

export const contents: readonly Chapter[] = [
  {
    title: "Start",
    pages: ["index.md", "start/ship-an-app.md", "start/manage-data.md", "guides/run-it.md", "guides/new-app.md"],
  },
  {
    title: "Model and rules",
    pages: [
      "guides/collections.md",
      "guides/definitions.md",
      "guides/rules.md",
      "guides/testing-rules.md",
      "guides/sign-in.md",
      "guides/api-keys.md",
      "guides/mfa.md",
      "guides/oauth-provider.md",
    ],
  },
  {
    title: "Sign-in",
    pages: ["guides/sign-in-with.md", "providers.md"],
  },
  {
    title: "Read and write",
    pages: [
      "guides/client.md",
      "guides/client-auth.md",
      "guides/openapi.md",
      "guides/queries.md",
      "guides/writes.md",
      "guides/users.md",
      "guides/import-export.md",
      "guides/handling-errors.md",
      "guides/phones.md",
    ],
  },
  {
    title: "Operate",
    pages: [
      "guides/going-live.md",
      "guides/console.md",
      "guides/backup.md",
      "guides/upgrade.md",
      "guides/mail.md",
      "guides/monitoring.md",
      "guides/postgres.md",
      "guides/",
      "guides/security.md",
      "limits.md",
    ],
  },
  {
    title: "Coming from",
    pages: [
      "coming-from/supabase.md",
      "coming-from/firebase.md",
      "coming-from/pocketbase.md",
      "coming-from/sources.md",
    ],
  },
  {
    title: "Reference",
    pages: ["field-types.md", "functions.md", "sdk.md", "cli.md", "config.md", "errors.md", "glossary.md"],
    links: [{ title: "HTTP API", href: "/docs/reference" }],
  },
  { title: "Protocols", pages: ["protocol/"] },
  { title: "How it is made", pages: ["architecture.md", "benchmarks.md", "decisions/"] },
];
