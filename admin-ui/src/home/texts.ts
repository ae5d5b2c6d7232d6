// The words of the home screen.
import { counted } from "../parts/time.ts";

export const texts = {
  title: "Home",
  steps: {
    title: "First steps",
    done: (done: number, all: number) => `${done} of ${all} done`,
    isDone: "Done",
    isOpen: "Open",
    collection: {
      title: "Make your first collection",
      body: "A Postgres table with rules: what a record looks like, and who may read and write it.",
      made: (n: number) => counted(n, "collection"),
      action: "New collection",
    },
    records: {
      title: "Put records in",
      body: "By hand, from a CSV or JSON file, or from your program.",
      made: "There are records.",
      add: "New record",
      import: "Import a file",
    },
    key: {
      title: "Create an API key",
      body: "It lets your program in. Bound to a user, it sees what your rules give that user.",
      made: (n: number) => counted(n, "key"),
      action: "API keys",
    },
    request: {
      title: "Send the first request",
      body: "This page shows the call to copy, and says when it arrives.",
      waiting: "Waiting for a request with a key …",
      received: "First request received",
      by: (key: string) => `with the key “${key}”`,
    },
  },
  connect: {
    title: "Connect your app",
    intro: (collection: string) => `Reads the newest records of “${collection}”.`,
    more: "All calls of this collection",
    curl: "curl",
    client: "Typed client",
    copy: "Copy the call",
  },
  health: {
    title: "Server",
    well: "All is well",
    notices: (n: number) => counted(n, "notice"),
    state: "State",
    version: "Version",
    uptime: "Running for",
    database: "Postgres",
    size: "Database size",
    lastUse: "Last use of a key",
    backup: "Last backup",
    unscheduled: "none scheduled",
    never: "not yet",
    more: "More about this server",
  },
  recent: { title: "Collections", add: "New collection", all: "All collections" },
} as const;
