// Which servers may share one database: two adjacent minor versions of one major, unless a migration names the oldest
// server that it lets live (docs/decisions/020-side-by-side.md). Judged from both sides: by a new server before it
// migrates, about those that still run, and by an old one that meets a schema newer than itself.
import type { Migration } from "@landfall/migrations";

/** A migration whose first line has been read. */
export interface DeclaredMigration extends Migration {
  /** Servers older than this cannot run on the schema any more; absent: the migration breaks nothing. */
  readonly oldestServer?: string;
}

/** A migration that the database has, and what it says for servers that do not know it. */
export interface AppliedMigration {
  readonly name: string;
  /** Of the server that applied it; null on rows from before versions were kept. */
  readonly version: string | null;
  readonly oldestServer: string | null;
}

const firstLine = /^-- breaks: (?:nothing|older servers than (\d+\.\d+\.\d+)\b.*)$/;

/** A migration says in its first line which older servers it breaks; one that forgot is a bug in the release. */
export function declared(migration: Migration): DeclaredMigration {
  const line = migration.sql.split("\n", 1)[0] ?? "";
  const found = firstLine.exec(line);
  if (!found)
    throw new Error(
      `migration ${migration.name} must begin with "-- breaks: nothing" or "-- breaks: older servers than X.Y.Z"`,
    );
  return found[1] === undefined ? migration : { ...migration, oldestServer: found[1] };
}

/** Versions that may share one schema: same major, and no minor between them. */
export function areAdjacent(a: string, b: string): boolean {
  const [[majorA, minorA], [majorB, minorB]] = [numbers(a), numbers(b)];
  return majorA === majorB && Math.abs(minorA - minorB) <= 1;
}

/** By major, minor and patch; a pre-release counts as its version. */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [numbers(version), numbers(than)];
  const differing = left.findIndex((part, index) => part !== right[index]);
  return differing >= 0 && (left[differing] as number) < (right[differing] as number);
}

/** Why this server may not run on a schema with a migration that it does not know; undefined: it may. */
export function refusesServer(server: string, migration: AppliedMigration): string | undefined {
  const { name, version, oldestServer } = migration;
  if (version === null) return `migration ${name}; this is ${server}`;
  if (oldestServer !== null && isOlder(server, oldestServer))
    return `migration ${name} needs ${oldestServer} or later; this is ${server}`;
  return areAdjacent(server, version) ? undefined : `migrated by ${version}; this is ${server}`;
}

/** The first open migration that a running server would not survive, and why. */
export function breaksServer(server: string, next: string, open: readonly DeclaredMigration[]): string | undefined {
  const breaking = open.find(({ oldestServer }) => oldestServer !== undefined && isOlder(server, oldestServer));
  if (breaking) return `migration ${breaking.name} breaks servers older than ${breaking.oldestServer}`;
  return areAdjacent(server, next) ? undefined : `${server} and ${next} are more than one minor version apart`;
}

function numbers(version: string): [major: number, minor: number, patch: number] {
  const [major = 0, minor = 0, patch = 0] = (/^\d+\.\d+\.\d+/.exec(version)?.[0] ?? "").split(".").map(Number);
  return [major, minor, patch];
}
