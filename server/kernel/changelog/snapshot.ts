// A Postgres snapshot in its text form, `xmin:xmax:xip,xip,…`: which transactions it sees.

export interface Snapshot {
  readonly text: string;
  /** Every transaction below is finished. */
  readonly xmin: string;
  /** No transaction from here on is seen. */
  readonly xmax: string;
  /** Still running when the snapshot was taken, though below `xmax`. */
  readonly running: readonly string[];
}

export function parseSnapshot(text: string): Snapshot {
  const match = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/.exec(text);
  if (!match) throw new Error(`not a snapshot: ${text}`);
  const [, xmin, xmax, running] = match as unknown as [string, string, string, string];
  return { text, xmin, xmax, running: running === "" ? [] : running.split(",") };
}
