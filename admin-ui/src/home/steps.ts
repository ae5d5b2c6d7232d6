// How far a project has come, from what the server tells anyway: collections, records, keys, and a key that was used.
import type { ApiKey, Collection } from "../api/types.ts";

export type StepName = "collection" | "records" | "key" | "request";

export interface Known {
  readonly collections: readonly Collection[];
  readonly keys: readonly ApiKey[];
  /** Whether the newest collection has a record; estimates of the others are looked at here. */
  readonly newestHasRecords: boolean;
}

export interface FirstUse {
  readonly key: string;
  readonly at: string;
}

export function stepsDone({ collections, keys, newestHasRecords }: Known): { readonly [step in StepName]: boolean } {
  return {
    collection: collections.length > 0,
    records: newestHasRecords || collections.some(({ estimatedCount = 0 }) => estimatedCount > 0),
    key: keys.length > 0,
    request: lastUse(keys) !== undefined,
  };
}

/** The key that was used last. */
export function lastUse(keys: readonly ApiKey[]): FirstUse | undefined {
  const uses = keys.flatMap(({ name, lastUsedAt }) => (lastUsedAt ? [{ key: name, at: lastUsedAt }] : []));
  return uses.sort((a, b) => b.at.localeCompare(a.at))[0];
}

/** The one most likely meant: made last. */
export function newest(collections: readonly Collection[]): Collection | undefined {
  return [...collections].sort((a, b) => (b.createdAt ?? "").localeCompare(a.createdAt ?? ""))[0];
}

/** Changed last first. */
export function recent(collections: readonly Collection[], most: number): readonly Collection[] {
  return [...collections].sort((a, b) => (b.updatedAt ?? "").localeCompare(a.updatedAt ?? "")).slice(0, most);
}
