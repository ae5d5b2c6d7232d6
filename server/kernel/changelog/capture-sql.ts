// Writes the PL/pgSQL of the capture triggers for one collection. Pure text: no database, no state.
// Every identifier is quoted and every function body travels as an escaped literal, so any name is safe.
import pg from "pg";
import type { CapturedCollection, CapturedColumn, CapturedJoin } from "./types.ts";

/** Raise it when the generated text changes: functions of an older generator are replaced at the next start. */
export const generatorVersion = 4;

export const quoted = (name: string) => pg.escapeIdentifier(name);
const literal = (text: string) => pg.escapeLiteral(text);

/** `settings` are pinned for the call. The search path always is: the body names operators without their schema. */
export const functionHead = (
  name: string,
  settings = "",
) => `CREATE OR REPLACE FUNCTION landfall.${name}() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ${settings}`;

/** Time zone and float digits decide how values print: pinned, or two writers would log one value in two forms. */
export const printSettings = "SET timezone = 'UTC' SET extra_float_digits = 1";

const systemColumns = new Set(["id", "createdAt", "updatedAt", "version"]);
const stampColumns: readonly CapturedColumn[] = ["createdAt", "updatedAt"].map((name) => ({
  name,
  type: "timestamptz(3)",
  sealed: false,
}));
const emptyObject = "'{}'::jsonb";

// The row triggers hold plain expressions only: PL/pgSQL evaluates those without starting a query. Each costs its
// preparation once per transaction, so there are few on the usual way, and a column that stayed costs one comparison.

/** An inserted row's entry; the statement's trigger writes it while `landfall.bulk` is on. */
export function insertedFunction(c: CapturedCollection): string {
  const entry = call(insertEntry(c, "NEW"));
  return rowFunction(
    `appended := CASE WHEN current_setting('landfall.bulk', true) IS DISTINCT FROM 'on' THEN ${entry} END`,
  );
}

export const deletedFunction = (c: CapturedCollection): string => rowFunction(append(deleteEntry(c, "OLD")));

export function updatedFunction(c: CapturedCollection): string {
  const declared = `was jsonb;
  ${hasSealed(c) ? "hid jsonb;" : ""}
  ${hasJoins(c) ? joinedDeclared : ""}`;
  // The stamp leaves the version alone when nothing changed.
  return rowFunction(
    `IF NEW.id = OLD.id AND NEW.version <> OLD.version THEN
    ${collectChanged(c, "was", false)}
    ${collectChanged(c, "hid", true)}
    ${append(updateEntry(c, "NEW", `coalesce(was || ${formerStamp("OLD")}, ${emptyObject})`, `coalesce(hid, ${emptyObject})`))};
  ELSIF NEW.version <> OLD.version THEN
    ${append(deleteEntry(c, "OLD"))};
    ${append(insertEntry(c, "NEW"))};
  END IF`,
    declared,
  );
}

const rowFunction = (work: string, declared = "") => `
#variable_conflict use_variable
DECLARE
  appended bool;
  ${declared}
BEGIN
  ${work};
  RETURN NULL;
END`;

/**
 * The trigger that captures a whole INSERT from its transition table; it works only while `landfall.bulk` is on. Updates and
 * deletes have none: their transition tables would cost each one-row statement more than they save a large one.
 */
export function bulkFunction(c: CapturedCollection): string {
  // A row's names and types are looked up once for to_jsonb, and for each argument by jsonb_build_object.
  const parts = hasSealed(c) ? { after: false, sealed: true } : { after: false };
  const rows = Object.entries(parts).map(([name, part]) => {
    const cells = members(c, "n", part).map((member) => `${member.value} AS ${quoted(member.name)}`);
    return `CROSS JOIN LATERAL (SELECT ${cells.join(", ")}) ${name}`;
  });
  const from = `FROM new_rows n ${rows.join(" ")}`;
  const sealed = hasSealed(c) ? sealedImage("to_jsonb(sealed.*)", null) : "NULL";
  return `
#variable_conflict use_variable
BEGIN
  IF current_setting('landfall.bulk', true) IS DISTINCT FROM 'on' THEN
    RETURN NULL;
  END IF;
  -- Declared only here: this function is called, for nothing, by every statement that is not in bulk.
  DECLARE
    ${settingsDeclared}
  BEGIN
    ${insertInto(entry(c, "i", "n.id", "n.version", ["to_jsonb(after.*)", "NULL", sealed]), from)};
  END;
  RETURN NULL;
END`;
}

/** TRUNCATE is one entry about the whole collection. */
export function truncateFunction(c: CapturedCollection): string {
  return `
#variable_conflict use_variable
DECLARE
  ${settingsDeclared}
BEGIN
  ${insertInto(entry(c, "t", "NULL", "NULL", ["NULL", "NULL", "NULL"]))};
  RETURN NULL;
END`;
}

/**
 * A change of a join table touches its owner: the owner draws a version, and its own capture writes the entry with the
 * new list. The old lists reach that trigger through `landfall.joined`, which carries facts and never switches capture
 * off. An owner that is being deleted is no longer there to touch, so a cascade from its side ends here.
 */
export function joinFunction(c: CapturedCollection, join: CapturedJoin): string {
  const owner = `public.${quoted(c.table)}`;
  const table = `public.${quoted(join.table)}`;
  const before = "SELECT r.owner, r.target, r.position FROM old_rows r";
  const after = "SELECT r.owner, r.target, r.position FROM new_rows r";
  return `
#variable_conflict use_variable
DECLARE
  owners text[];
  lists jsonb;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    DELETE FROM ${table};
    RETURN NULL;
  ELSIF TG_OP = 'INSERT' THEN
    owners := ARRAY(SELECT DISTINCT r.owner FROM new_rows r);
  ELSIF TG_OP = 'DELETE' THEN
    owners := ARRAY(SELECT DISTINCT r.owner FROM old_rows r);
  ELSE
    owners := ARRAY(SELECT r.owner FROM old_rows r UNION SELECT r.owner FROM new_rows r);
  END IF;
  IF cardinality(owners) = 0 THEN
    RETURN NULL;
  END IF;
  -- Locked first and in order: the lists below then hold whatever another writer of the same owner has committed.
  PERFORM FROM ${owner} o WHERE o.id = ANY(owners) ORDER BY o.id FOR NO KEY UPDATE;
  IF TG_OP = 'INSERT' THEN
    lists := ${formerLists(join, table, `SELECT * FROM now_rows EXCEPT ${after}`)};
  ELSIF TG_OP = 'DELETE' THEN
    lists := ${formerLists(join, table, `SELECT * FROM now_rows UNION ${before}`)};
  ELSE
    lists := ${formerLists(join, table, `(SELECT * FROM now_rows EXCEPT ${after}) UNION ${before}`)};
  END IF;
  IF lists IS NOT NULL THEN
    PERFORM set_config('landfall.joined', jsonb_build_object('${c.id}', lists)::text, true);
    UPDATE ${owner} o SET version = o.version WHERE o.id IN (SELECT jsonb_object_keys(lists));
    PERFORM set_config('landfall.joined', '', true);
  END IF;
  RETURN NULL;
END`;
}

/** `{owner: {field: former list}}` of the owners whose list differs, or NULL. */
function formerLists(join: CapturedJoin, table: string, formerRows: string): string {
  const list = "coalesce(jsonb_agg(r.target ORDER BY r.position, r.target), '[]')";
  return `(WITH now_rows AS (
      SELECT r.owner, r.target, r.position FROM ${table} r WHERE r.owner = ANY(owners)
    ), former_rows AS (
      ${formerRows}
    ), pairs AS (
      SELECT o.owner,
             (SELECT ${list} FROM former_rows r WHERE r.owner = o.owner) AS was,
             (SELECT ${list} FROM now_rows r WHERE r.owner = o.owner) AS now
      FROM unnest(owners) AS o(owner)
    )
    SELECT jsonb_object_agg(p.owner, jsonb_build_object(${literal(join.field)}, p.was)) FROM pairs p WHERE p.was <> p.now)`;
}

const settingsDeclared = `actor text := nullif(current_setting('landfall.actor', true), '');
  request text := nullif(current_setting('landfall.request', true), '');
  mutation text := nullif(current_setting('landfall.mutation', true), '');`;

const joinedDeclared = "joined jsonb := nullif(current_setting('landfall.joined', true), '')::jsonb;";

/** The values of one entry, in the order of `landfall.append`, which adds the settings itself. */
type EntryValues = readonly string[];

const call = (values: EntryValues) => `landfall.append(${values.join(", ")})`;
const append = (values: EntryValues) => `appended := ${call(values)}`;

const insertInto = (values: EntryValues, from = "") =>
  `INSERT INTO landfall.change (slot, collection, "schemaVersion", op, id, version, after, before, sealed, actor, request, mutation)
    SELECT (SELECT current FROM landfall.ring), ${values.join(", ")}, actor, request, mutation ${from}`;

function entry(c: CapturedCollection, op: string, id: string, version: string, images: readonly string[]): EntryValues {
  return [`${c.id}`, `${c.schemaVersion}`, `'${op}'`, id, version, ...images];
}

const insertEntry = (c: CapturedCollection, row: string) =>
  entry(c, "i", `${row}.id`, `${row}.version`, [
    image(c, row, false),
    "NULL",
    hasSealed(c) ? sealedImage(image(c, row, true), null) : "NULL",
  ]);

const deleteEntry = (c: CapturedCollection, row: string) =>
  entry(c, "d", `${row}.id`, "nextval('landfall.version')", [
    "NULL",
    `${image(c, row, false)} || jsonb_build_object('version', ${row}.version)`,
    hasSealed(c) ? sealedImage(null, image(c, row, true)) : "NULL",
  ]);

const updateEntry = (c: CapturedCollection, row: string, before: string, sealedBefore: string) =>
  entry(c, "u", `${row}.id`, `${row}.version`, [
    image(c, row, false),
    before,
    hasSealed(c) ? sealedImage(image(c, row, true), sealedBefore) : "NULL",
  ]);

/** The system columns' former values, once something public changed. */
const formerStamp = (old: string) => `jsonb_build_object('updatedAt', ${old}."updatedAt", 'version', ${old}.version)`;

function sealedImage(after: string | null, before: string | null): string {
  const parts = [after && `'after', ${after}`, before && `'before', ${before}`].filter(Boolean);
  return `jsonb_build_object(${parts.join(", ")})`;
}

/**
 * Of one row, by name: its columns, sealed or public, and the lists of its join tables. In the order in which jsonb keeps
 * them: it sorts the members of each object, which takes as long as making it, and sees at once that these are in order.
 */
const members = (c: CapturedCollection, row: string, sealed: boolean) =>
  [
    ...(sealed ? [] : [{ name: "id", value: `${row}.id` }]),
    ...columns(c, sealed).map((column) => ({ name: column.name, value: jsonForm(column, row) })),
    ...joinsOf(c, sealed).map((join) => ({ name: join.field, value: joinList(join, row) })),
  ].toSorted((a, b) => jsonbOrder(Buffer.from(a.name), Buffer.from(b.name)));

const jsonbOrder = (a: Buffer, b: Buffer) => a.length - b.length || Buffer.compare(a, b);

/** The same as a JSON object. */
function image(c: CapturedCollection, row: string, sealed: boolean): string {
  const pairs = members(c, row, sealed).map(({ name, value }) => `${literal(name)}, ${value}`);
  return joinObjects(chunks(pairs, 40).map((chunk) => `jsonb_build_object(${chunk.join(", ")})`));
}

/** One field of the record that may have changed: under which condition, and what it held before. */
interface Change {
  readonly name: string;
  readonly happened: string;
  readonly former: string;
}

function changes(c: CapturedCollection, old: string, row: string, sealed: boolean): Change[] {
  const own = columns(c, sealed)
    .filter((column) => !systemColumns.has(column.name))
    .map((column) => ({
      name: literal(column.name),
      happened: differs(column, old, row),
      former: jsonForm(column, old),
    }));
  const lists = joinsOf(c, sealed).map((join) => {
    const was = `joined -> '${c.id}' -> ${row}.id`;
    const name = literal(join.field);
    return { name, happened: `${was} ? ${name}`, former: `${was} -> ${name}` };
  });
  return [...own, ...lists];
}

/** What the fields that differ held before, as statements that add to a variable. */
const collectChanged = (c: CapturedCollection, variable: string, sealed: boolean) =>
  changes(c, "OLD", "NEW", sealed)
    .map(
      ({ name, happened, former }) => `IF ${happened} THEN
        ${variable} := coalesce(${variable}, ${emptyObject}) || jsonb_build_object(${name}, ${former});
      END IF;`,
    )
    .join("\n      ");

const joinObjects = (parts: readonly string[]) => (parts.length === 0 ? emptyObject : parts.join(" || "));

const joinList = (join: CapturedJoin, row: string) =>
  `(SELECT coalesce(jsonb_agg(r.target ORDER BY r.position, r.target), '[]') FROM public.${quoted(join.table)} r WHERE r.owner = ${row}.id)`;

const columns = (c: CapturedCollection, sealed: boolean) => [
  ...(sealed ? [] : stampColumns),
  ...c.columns.filter((column) => column.sealed === sealed && !systemColumns.has(column.name)),
];
const joinsOf = (c: CapturedCollection, sealed: boolean) => c.joins.filter((join) => join.sealed === sealed);
const hasJoins = (c: CapturedCollection) => c.joins.length > 0;
const hasSealed = (c: CapturedCollection) => columns(c, true).length > 0 || joinsOf(c, true).length > 0;

const isNumeric = (column: CapturedColumn) => /^(numeric|decimal)\b/i.test(column.type);
const isArray = (column: CapturedColumn) => /\[\]\s*$/.test(column.type);

/** A numeric becomes a JSON string, so that no digit and no trailing zero is lost; every other type is `to_jsonb`. */
function jsonForm(column: CapturedColumn, row: string): string {
  const value = `${row}.${quoted(column.name)}`;
  return isNumeric(column) ? `${value}::text${isArray(column) ? "[]" : ""}` : value;
}

/** 1.5 and 1.50 are equal numerics but different values to a reader; json has no equality of its own. */
function differs(column: CapturedColumn, old: string, row: string): string {
  const cast = isNumeric(column) || /^json\b/i.test(column.type) ? "::text" : "";
  const name = quoted(column.name);
  return `${row}.${name}${cast} IS DISTINCT FROM ${old}.${name}${cast}`;
}

/** A function call takes at most 100 arguments. */
function chunks<T>(list: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < list.length; start += size) result.push(list.slice(start, start + size));
  return result;
}
