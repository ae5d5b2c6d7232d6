// What a migration may do while servers of the version before are running (docs/decisions/020-side-by-side.md). A list of
// what is harmless, not of what is not: a statement that nobody has thought about is refused.
import type { Migration } from "@landfall/migrations";
import { declared, isOlder } from "../../server/kernel/db/compatibility.ts";
import { actionsOf, statementsOf } from "./migration-statements.ts";

/** Tables that grow with traffic. Whoever reads or rewrites them whole keeps writers waiting for as long as that takes. */
const growing = /^(change(_\d+)?|tick|idempotencyKey|throttle|denial)$/;

interface Known {
  /** Tables and functions of earlier migrations: what running servers may use. */
  readonly before: ReadonlySet<string>;
  /** Made by this migration: no running server knows them. */
  readonly made: Set<string>;
}

type Verdict =
  | "fine"
  /** Harmless only for a reason that no pattern sees: wants `-- older servers: …` above it. */
  | { readonly judge: string }
  | { readonly refuse: string };

const refuse = (why: string): Verdict => ({ refuse: why });
const judge = (why: string): Verdict => ({ judge: why });

/** Faults of all migrations, `name: statement: why`. `version` is that of the product which ships the last of them. */
export function migrationFaults(all: readonly Migration[], version: string): string[] {
  const before = new Set<string>();
  return all.flatMap((migration, index) => {
    const known: Known = { before, made: new Set() };
    const faults = [...nameFaults(migration, index), ...faultsOf(migration, version, known)];
    for (const name of known.made) before.add(name);
    return faults.map((fault) => `${migration.name}: ${fault}`);
  });
}

function nameFaults({ name }: Migration, index: number): string[] {
  const number = String(index + 1).padStart(4, "0");
  return new RegExp(`^${number}_[a-z0-9_]+$`).test(name) ? [] : [`is not named ${number}_what_it_is_about`];
}

function faultsOf(migration: Migration, version: string, known: Known): string[] {
  const { oldestServer } = declared(migration);
  const contracts = oldestServer !== undefined;
  const faults = contracts ? floorFaults(oldestServer, version) : [];
  for (const { text, judged } of statementsOf(migration.sql)) {
    const verdict = outsideTransactions(text) ?? (contracts ? noted(text, known) : verdictOf(text, known));
    if (verdict === "fine" || ("judge" in verdict && judged !== undefined)) continue;
    const why = "judge" in verdict ? `${verdict.judge}; say in "-- older servers: …" above it why it is harmless` : verdict.refuse; // biome-ignore format: one line
    faults.push(`${text.slice(0, 80)}: ${why}`);
  }
  return faults;
}

/** Two adjacent versions always share one schema: a migration may break the version before the last, never the last. */
function floorFaults(floor: string, version: string): string[] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const last = `${major}.${Math.max(0, minor - 1)}.0`;
  return minor === 0 || isOlder(last, floor)
    ? [`breaks servers older than ${floor}, and ${last} must go on running beside ${version}`]
    : [];
}

function outsideTransactions(text: string): Verdict | undefined {
  if (/\bCONCURRENTLY\b|^(VACUUM|REINDEX|CLUSTER|ALTER SYSTEM|CREATE DATABASE)\b/i.test(text))
    return refuse("cannot run in the migrations' one transaction");
  if (/^(BEGIN|START|COMMIT|ROLLBACK|END|ABORT|SAVEPOINT|RELEASE)\b/i.test(text))
    return refuse("the runner alone opens and ends the transaction");
  return undefined;
}

const named = String.raw`(?:landfall\.)?("[^"]+"|\w+)`;
const nameOf = (found: RegExpExecArray): string => (found[1] as string).replaceAll('"', "");
const starts = (words: string) => new RegExp(`^${words} ${named}`, "i");

/** In a contracting migration everything goes, but later ones want to know what was made. */
function noted(text: string, known: Known): Verdict {
  verdictOf(text, known);
  return "fine";
}

type Rule = readonly [pattern: RegExp, verdict: (name: string, text: string, known: Known) => Verdict];

const onTable =
  (other: (name: string, text: string) => Verdict) =>
  (name: string, text: string, { made }: Known) =>
    made.has(name) ? "fine" : other(name, text);

const rules: readonly Rule[] = [
  [starts("CREATE (?:UNLOGGED )?TABLE(?: IF NOT EXISTS)?"), createTable],
  [starts("CREATE (?:SEQUENCE|TYPE|DOMAIN|VIEW)"), make],
  [starts("CREATE FUNCTION"), createFunction],
  [starts("CREATE OR REPLACE FUNCTION"), onTable(() => judge("running servers call it as it was"))],
  [new RegExp(`^CREATE (?:UNIQUE )?INDEX \\S+ ON ${named}`, "i"), onTable(createIndex)],
  [
    new RegExp(`^CREATE TRIGGER .*? ON ${named}`, "i"),
    onTable(() => judge("it runs in statements of running servers")),
  ],
  [starts("ALTER TABLE(?: ONLY)?"), onTable(alterTable)],
  [starts("INSERT INTO"), onTable(() => judge("running servers read this table"))],
  [starts("(?:UPDATE|DELETE FROM)"), onTable((name) => (growing.test(name) ? refuse(`${name} grows with traffic, and this holds its rows`) : judge("running servers read this table")))], // biome-ignore format: one line a rule
  [/^COMMENT ON (\w+)/i, () => "fine"],
  [/^(DO|SELECT|GRANT)\b/i, () => judge("it cannot be seen here what this does")],
];

function verdictOf(text: string, known: Known): Verdict {
  for (const [pattern, verdict] of rules) {
    const found = pattern.exec(text);
    if (found) return verdict(nameOf(found), text, known);
  }
  return refuse('not among the statements that leave running servers alone; begin the file with "-- breaks: older servers than X.Y.Z"'); // biome-ignore format: one line
}

function make(name: string, _text: string, { made }: Known): Verdict {
  made.add(name);
  return "fine";
}

function createTable(name: string, text: string, known: Known): Verdict {
  known.made.add(name);
  for (const found of text.matchAll(
    new RegExp(`REFERENCES ${named}(?: \\([^)]*\\))?((?: ON \\w+ (?:SET )?\\w+)*)`, "gi"),
  )) {
    const target = (found[1] as string).replaceAll('"', "");
    if (!known.made.has(target) && !/ON DELETE (CASCADE|SET NULL)/i.test(found[2] ?? ""))
      return refuse(`running servers could not delete from ${target} any more: ON DELETE CASCADE or SET NULL`);
  }
  const parent = new RegExp(`PARTITION OF ${named}`, "i").exec(text);
  return parent && !known.made.has(nameOf(parent)) ? judge("it locks the table it becomes a part of") : "fine";
}

function createFunction(name: string, _text: string, known: Known): Verdict {
  if (known.before.has(name)) return judge("calls of running servers may become ambiguous");
  return make(name, _text, known);
}

function createIndex(name: string, text: string): Verdict {
  if (growing.test(name)) return refuse(`${name} grows with traffic, and writers wait until its index is built`);
  return /^CREATE UNIQUE/i.test(text) ? judge("running servers may write what it refuses") : "fine";
}

function alterTable(_name: string, text: string): Verdict {
  const list = text.replace(/^ALTER TABLE(?: ONLY)? \S+ /i, "");
  const verdicts = actionsOf(list).map(alterAction);
  return verdicts.find((verdict) => verdict !== "fine" && "refuse" in verdict) ?? verdicts.find((verdict) => verdict !== "fine") ?? "fine"; // biome-ignore format: one line
}

function alterAction(action: string): Verdict {
  if (
    /^ADD (COLUMN )?/i.test(action) &&
    !/^ADD CONSTRAINT\b|^ADD (CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)\b/i.test(action)
  )
    return addColumn(action);
  if (/^SET \([^)]*\)$/i.test(action)) return "fine";
  if (/^ALTER (COLUMN )?\S+ SET DEFAULT /i.test(action)) return judge("running servers rely on the former default");
  if (/^ALTER (COLUMN )?\S+ DROP (DEFAULT|NOT NULL)$/i.test(action)) return judge("running servers may then write or read NULL"); // biome-ignore format: one line
  if (/^ADD CONSTRAINT .* NOT VALID$/i.test(action)) return judge("running servers may write what it refuses");
  return refuse('running servers use the table as it is; begin the file with "-- breaks: older servers than X.Y.Z"');
}

/** A constant default is kept in the catalogue; one that is computed is written into every row. */
const constant = /DEFAULT (?:''|-?\d+(?:\.\d+)?|true|false|NULL)(?:::[\w[\]() ]+)?(?= |$)/i;

function addColumn(action: string): Verdict {
  if (/\b(UNIQUE|PRIMARY KEY|REFERENCES|CHECK|GENERATED|(?:small|big)?serial)\b/i.test(action))
    return refuse("a new column takes no constraint with it, which is proved row by row or written into each");
  if (/\bDEFAULT\b/i.test(action) && !constant.test(action))
    return refuse("a default that is no constant rewrites the table");
  if (/\bNOT NULL\b/i.test(action) && !constant.test(action)) return refuse("running servers do not fill the column: NOT NULL needs a constant default"); // biome-ignore format: one line
  return "fine";
}
