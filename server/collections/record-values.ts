// From the JSON a client sent to what is written: names known to the caller, values checked by their field types,
// PATCH operators told apart from values. Nothing here knows SQL.
import type { Issue } from "../kernel/errors/index.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { shapeCodes, step } from "./field-value.ts";
import { errors } from "./record-errors.ts";
import { type Audience, isSystemField, knownField } from "./record-fields.ts";
import { recordId } from "./record-id.ts";
import type { FieldDefinition, JsonValue, Schema } from "./types.ts";

export type ChangeKind = "set" | "increment" | "append" | "remove" | "merge";

export interface Change {
  readonly field: FieldDefinition;
  readonly kind: ChangeKind;
  readonly value: JsonValue;
}

export interface Input {
  /** As given in the body. */
  readonly id?: string;
  readonly changes: readonly Change[];
}

export interface InputOptions {
  readonly schema: Schema;
  readonly kinds: FieldKinds;
  readonly audience: Audience;
  /** JSON Pointer of the record in the body; empty for the body itself. */
  readonly at?: string;
  /** System fields of an exported record are passed over instead of refused. */
  readonly forgiving?: boolean;
}

/** A whole record: every field the body does not name takes its default. */
export function wholeRecord(body: unknown, options: InputOptions): Input {
  const { schema, kinds, at = "" } = options;
  const given = members(body, options, (field, value, path) => parseSet(kinds, field, value, path));
  const changeOf = byField(given.changes);
  const issues = [...given.issues];
  const refused = new Set(issues.map(({ path }) => path));
  const changes: Change[] = [];
  for (const field of schema.fields) {
    const named = changeOf(field);
    if (named) {
      changes.push(named);
      continue;
    }
    const path = step(at, field.name);
    if (field.type !== "autodate" && !refused.has(path)) {
      const parsed = kinds(field).parse(field, field.default ?? null, path);
      if (parsed.ok) changes.push({ field, kind: "set", value: parsed.value });
      else issues.push(...hiddenFrom(options.audience, field, parsed.issues));
    }
  }
  refuse(issues);
  return { ...given, changes };
}

/** Asked in the order of the schema, in which most bodies name their fields: then no map is made, a thousand times in bulk. */
function byField(changes: readonly Change[]): (field: FieldDefinition) => Change | undefined {
  let next = 0;
  let byName: Map<string, Change> | undefined;
  return (field) => {
    if (changes[next]?.field === field) return changes[next++];
    byName ??= new Map(changes.map((change) => [change.field.name, change]));
    return byName.get(field.name);
  };
}

/** RFC 7396, with operators as the sole key at the top level of a number or list. */
export function patch(body: unknown, options: InputOptions): Input {
  const given = members(body, options, (field, value, path) => parsePatch(options.kinds, field, value, path));
  refuse(given.issues);
  // In one order, so that two patches of the same fields are one statement.
  const byName = new Map(given.changes.map((change) => [change.field.name, change]));
  return { ...given, changes: options.schema.fields.flatMap((field) => byName.get(field.name) ?? []) };
}

/** A required hidden field without a default cannot be satisfied by those who may not see it; its name stays unsaid. */
function hiddenFrom(audience: Audience, field: FieldDefinition, issues: readonly Issue[]): readonly Issue[] {
  if (!field.hidden || audience.seesHidden) return issues;
  return [{ path: "", code: "required", message: "A field you cannot set is required." }];
}

type Outcome = { readonly change: Omit<Change, "field"> } | { readonly issues: readonly Issue[] };

function members(
  body: unknown,
  { schema, audience, at = "", forgiving }: InputOptions,
  parse: (field: FieldDefinition, value: unknown, path: string) => Outcome,
): Input & { readonly issues: Issue[] } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw errors.record_invalid({ issues: [{ path: at, code: "type", message: "Expected a JSON object." }] });
  }
  const changes: Change[] = [];
  const issues: Issue[] = [];
  let id: string | undefined;
  for (const name of Object.keys(body)) {
    const value = (body as Record<string, unknown>)[name];
    const path = step(at, name);
    if (name === "id") {
      if (typeof value === "string" && recordId.test(value)) id = value;
      else issues.push({ path, code: "type", message: "Expected 1 to 64 letters, digits, _ or -." });
      continue;
    }
    const field = knownField(schema, name, audience);
    const readOnly = isSystemField(name) || field?.type === "autodate";
    if (readOnly && forgiving) continue;
    if (!field) issues.push({ path, code: "unknown_field", message: "There is no such field." });
    else if (readOnly) issues.push({ path, code: "read_only", message: "This field is set by the server." });
    else {
      const outcome = parse(field, value, path);
      if ("issues" in outcome) issues.push(...outcome.issues);
      else changes.push({ field, kind: outcome.change.kind, value: outcome.change.value });
    }
  }
  return id === undefined ? { changes, issues } : { id, changes, issues };
}

function parseSet(kinds: FieldKinds, field: FieldDefinition, value: unknown, path: string): Outcome {
  const parsed = kinds(field).parse(field, value, path);
  return parsed.ok ? { change: { kind: "set", value: parsed.value } } : { issues: parsed.issues };
}

function parsePatch(kinds: FieldKinds, field: FieldDefinition, value: unknown, path: string): Outcome {
  const operator = operatorOf(field, value);
  if (operator) return parseOperator(kinds, field, operator, (value as Record<string, unknown>)[`$${operator}`], path);
  const outcome = parseSet(kinds, field, value, path);
  const merges = field.type === "json" && !field.many && isObject(value) && "change" in outcome;
  return merges ? { change: { ...outcome.change, kind: "merge" } } : outcome;
}

function operatorOf(field: FieldDefinition, value: unknown): "increment" | "append" | "remove" | undefined {
  if (!isObject(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.length !== 1) return undefined;
  if (field.many) return keys[0] === "$append" ? "append" : keys[0] === "$remove" ? "remove" : undefined;
  const counts = ["number", "integer", "decimal"].includes(field.type);
  return counts && keys[0] === "$increment" ? "increment" : undefined;
}

function parseOperator(
  kinds: FieldKinds,
  field: FieldDefinition,
  kind: "increment" | "append" | "remove",
  operand: unknown,
  path: string,
): Outcome {
  const at = step(path, `$${kind}`);
  // The bounds are those of the sum or of the whole list, not of what is added.
  const { min, max, required, ...free } = field;
  if (kind === "increment") {
    const parsed = kinds(field).parse(free, operand, at);
    if (!parsed.ok) return { issues: parsed.issues };
    if (parsed.value === null) return { issues: [{ path: at, code: "type", message: "Expected a number." }] };
    return { change: { kind, value: parsed.value } };
  }
  // A list of json takes even a list as one element; every other list takes one element or several.
  const list = Array.isArray(operand) && field.type !== "json" ? operand : [operand];
  const parsed = kinds(field).parse(kind === "append" ? { ...field, required: false } : free, list, at);
  return parsed.ok ? { change: { kind, value: parsed.value } } : { issues: parsed.issues };
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Wrong shape is 400; a well-formed value that cannot be is 422. */
function refuse(issues: readonly Issue[]): void {
  if (issues.length === 0) return;
  const malformed = issues.some(({ code }) => shapeCodes.has(code) || code === "unknown_field" || code === "read_only");
  const shown = issues.slice(0, 100);
  throw malformed ? errors.record_invalid({ issues: shown }) : errors.record_unprocessable({ issues: shown });
}
