// Which named statements a connection holds. Each one costs memory in its backend, so the number is bounded: what was
// used longest ago is deallocated. A statement that Postgres has lost, or whose result type changed, is forgotten.
import type pg from "pg";

export const namesMax = 200;

interface WithStatements extends pg.ClientBase {
  /** pg's own list of what it has prepared on this connection. */
  readonly connection?: { readonly parsedStatements?: Record<string, string> };
}

const held = new WeakMap<pg.ClientBase, Set<string>>();

/** Call before a named statement runs on the client, and wait for what it gives: the DEALLOCATE of another, rarely. */
export function holdName(client: pg.ClientBase, name: string): Promise<void> | undefined {
  let names = held.get(client);
  if (!names) {
    names = new Set();
    held.set(client, names);
  }
  // A Set keeps the order of insertion, so its first name is the one used longest ago.
  names.delete(name);
  names.add(name);
  return names.size > namesMax ? dropName(client, names.values().next().value as string) : undefined;
}

/** Forgets the name here and in Postgres. */
export async function dropName(client: pg.ClientBase, name: string): Promise<void> {
  held.get(client)?.delete(name);
  const { connection } = client as WithStatements;
  if (connection?.parsedStatements) delete connection.parsedStatements[name];
  // It may be gone already, or the transaction may have failed: then there is nothing to save.
  await client.query(`DEALLOCATE "${name.replaceAll('"', '""')}"`).catch(() => {});
}

/**
 * The plan's result type changed (0A000), the server lost the statement (26000), or holds one that we had forgotten
 * (42P05): it runs again without a name.
 */
export function isLostStatement(error: unknown): boolean {
  const { code, routine } = error as { code?: string; routine?: string };
  return code === "26000" || code === "42P05" || (code === "0A000" && routine === "RevalidateCachedQuery");
}
