// What a change of definition does, told line by line before it is applied. The danger is what can be known from the two
// definitions alone; the server, which knows the data, has the last word (409 with its reasons).
import type { Collection, Field, IndexDefinition } from "../api/types.ts";
import { type Draft, type DraftField, fieldOf } from "./definition-draft.ts";

export type Danger = "none" | "check" | "loss";

export interface Change {
  readonly text: string;
  readonly danger: Danger;
  /** Why it is dangerous. */
  readonly why?: string;
}

export function diffDefinition(before: Collection, draft: Draft): readonly Change[] {
  const old = new Map(before.fields.map((field) => [field.name, field]));
  const keptNames = new Set(draft.fields.map(({ was }) => was));
  const removed = before.fields
    .filter(({ name }) => !keptNames.has(name))
    .map(({ name }): Change => ({ text: `Remove field ${name}`, danger: "loss", why: "Its values are gone." }));
  const changed = draft.fields.flatMap((field) => {
    const known = field.was === undefined ? undefined : old.get(field.was);
    return known ? fieldChanges(known, field) : [added(field)];
  });
  return [
    ...removed,
    ...changed,
    ...orderChange(before, draft),
    ...indexChanges(before, draft),
    ...settings(before, draft),
  ];
}

function added(field: DraftField): Change {
  const text = `Add field ${field.name} (${field.type}${field.many ? ", many" : ""})`;
  if (field.required && field.default === undefined && !field.many && field.type !== "autodate")
    return { text, danger: "check", why: "It is required and has no default: refused when there are records." };
  return { text, danger: "none" };
}

function fieldChanges(before: Field, draft: DraftField): readonly Change[] {
  const after = fieldOf(draft);
  const name = after.name;
  const changes: Change[] = [];
  if (before.name !== name)
    changes.push({
      text: `Rename field ${before.name} to ${name}`,
      danger: "check",
      why: "Rules, indexes and clients that use the old name must follow.",
    });
  for (const property of compared) {
    const [from, to] = [before[property], after[property]];
    if (same(from, to)) continue;
    changes.push({ text: `${name}: ${property} ${shown(from)} → ${shown(to)}`, ...judge(property, before, after) });
  }
  return changes;
}

const compared = [
  "type",
  "many",
  "required",
  "hidden",
  "default",
  "min",
  "max",
  "pattern",
  "values",
  "collection",
  "onDelete",
  "inverse",
  "on",
  "rules",
] as const satisfies readonly (keyof Field)[];

function judge(property: (typeof compared)[number], before: Field, after: Field): { danger: Danger; why?: string } {
  switch (property) {
    case "type":
    case "many":
    case "collection":
      return { danger: "loss", why: "Values that do not fit the new form are lost." };
    case "required":
      return after.required ? { danger: "check", why: "Refused when a record has no value." } : { danger: "none" };
    case "min":
    case "max":
    case "pattern":
      return after[property] === undefined
        ? { danger: "none" }
        : { danger: "check", why: "Records that do not fit keep their value until they are changed." };
    case "values":
      return before.values?.every((value) => after.values?.includes(value))
        ? { danger: "none" }
        : { danger: "check", why: "Records may hold a value that is removed." };
    case "hidden":
      return after.hidden
        ? { danger: "none" }
        : { danger: "check", why: "Everyone who may read the record will see this field." };
    case "inverse":
      return { danger: "check", why: "Rules and queries that use the old name fail." };
    case "rules":
      return { danger: "check", why: "Who may see or set this field changes." };
    default:
      return { danger: "none" };
  }
}

function orderChange(before: Collection, draft: Draft): readonly Change[] {
  const kept = draft.fields.flatMap(({ was }) => (was === undefined ? [] : [was]));
  const wasOrder = before.fields.map(({ name }) => name).filter((name) => kept.includes(name));
  return same(kept, wasOrder) ? [] : [{ text: "Reorder the fields", danger: "none" }];
}

const indexText = ({ fields, unique }: IndexDefinition) =>
  `${unique ? "unique index" : "index"} on ${fields.join(", ")}`;

function indexChanges(before: Collection, draft: Draft): readonly Change[] {
  const old = new Set(before.indexes.map(indexText));
  const next = new Set(draft.indexes.map(indexText));
  const dropped = [...old].filter((text) => !next.has(text));
  const made = draft.indexes.filter((index) => !old.has(indexText(index)));
  return [
    ...dropped.map((text): Change => ({ text: `Drop ${text}`, danger: "none" })),
    ...made.map(
      (index): Change => ({
        text: `Add ${indexText(index)}`,
        ...(index.unique
          ? { danger: "check" as const, why: "Refused when two records share these values." }
          : { danger: "none" as const }),
      }),
    ),
  ];
}

function settings(before: Collection, draft: Draft): readonly Change[] {
  if ((before.preconditionRequired ?? false) === draft.preconditionRequired) return [];
  return draft.preconditionRequired
    ? [{ text: "Require If-Match", danger: "check", why: "Clients that do not send it get 428." }]
    : [{ text: "No longer require If-Match", danger: "none" }];
}

const same = (a: unknown, b: unknown): boolean => stable(a) === stable(b);

/** Absent, false and null say the same in a definition. Keys are ordered, so that two spellings of one object agree. */
function stable(value: unknown): string {
  if (value === undefined || value === false || value === null) return "";
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a.localeCompare(b)))
      : part,
  );
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === false) return "none";
  return value === true ? "yes" : typeof value === "string" ? value : JSON.stringify(value);
}
