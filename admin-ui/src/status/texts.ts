// The words of the server screen.
export const texts = {
  title: "Server",
  process: "Process",
  data: "Data",
  version: "Version",
  uptime: "Running for",
  started: "Started",
  memory: "Memory",
  database: "Postgres",
  size: "Database size",
  publicUrl: "Public address",
  counts: "Counts",
  refresh: "Refresh",
  yes: "yes",
  no: "no",
  none: "none",
  notices: "Look here",
} as const;
