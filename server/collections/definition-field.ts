// Judges one field of a definition by its type, and brings it into the form that is stored: bounds and defaults canonical,
// switches that are off left out.
import type { Issue } from "../kernel/errors/index.ts";
import { fieldNameProblem } from "./definition-names.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { canonicalDecimal, compareDecimals } from "./field-number.ts";
import type { CompilePattern } from "./field-text.ts";
import { canonicalDatetime, isDate } from "./field-time.ts";
import { step } from "./field-value.ts";
import type { FieldDefinition, FieldType } from "./types.ts";

export interface FieldTools {
  readonly kindOf: FieldKinds;
  readonly compilePattern: CompilePattern;
}

type Option = Exclude<keyof FieldDefinition, "name" | "type" | "hidden" | "rules">;

const common: readonly Option[] = ["required", "many", "default"];
const ordered: readonly Option[] = [...common, "min", "max"];
const patterned: readonly Option[] = [...ordered, "pattern"];
const optionsByType: Readonly<Record<FieldType, readonly Option[]>> = {
  text: patterned,
  email: patterned,
  url: patterned,
  richtext: ordered,
  select: [...common, "values"],
  id: common,
  number: ordered,
  integer: ordered,
  decimal: ordered,
  bool: common,
  datetime: ordered,
  autodate: ["on"],
  date: ordered,
  json: common,
  // A default would be a foreign key to a record that may be deleted at any time.
  relation: ["required", "many", "collection", "onDelete", "inverse"],
  geo: common,
};
const optionNames = [
  "required",
  "many",
  "default",
  "min",
  "max",
  "pattern",
  "values",
  "collection",
  "onDelete",
  "inverse",
  "on",
] as const;

/** Texts longer than this belong in a file. Also what a length bound may say. */
const lengthMax = 10_000_000;

export interface JudgedField {
  readonly field: FieldDefinition;
  readonly issues: readonly Issue[];
}

export function judgeField(given: FieldDefinition, path: string, tools: FieldTools): JudgedField {
  const issues: Issue[] = [];
  const say = (member: string, code: string, message: string) =>
    void issues.push({ path: step(path, member), code, message });
  const nameProblem = fieldNameProblem(given.name);
  if (nameProblem) say("name", "reserved", `“${given.name}” ${nameProblem}; choose another name.`);
  for (const option of optionNames) {
    if (given[option] !== undefined && !optionsByType[given.type].includes(option)) {
      say(option, "not_applicable", `A field of type ${given.type} has no “${option}”.`);
    }
  }
  if (issues.length > 0) return { field: given, issues };
  const field = { ...tidy(given), ...judgeBounds(given, say) } as FieldDefinition;
  judgeOptions(field, say, tools);
  if (issues.length > 0 || field.default === undefined) return { field, issues };
  return judgeDefault(field, path, tools);
}

type Say = (member: string, code: string, message: string) => void;

/** Switches that are off and members that are undefined say nothing. */
function tidy(field: FieldDefinition): FieldDefinition {
  const kept = Object.entries(field).filter(([, value]) => value !== undefined && value !== false);
  return {
    ...Object.fromEntries(kept),
    ...(field.default === false ? { default: false } : {}),
  } as unknown as FieldDefinition;
}

function judgeOptions(field: FieldDefinition, say: Say, tools: FieldTools): void {
  if (field.type === "select") {
    if (field.values === undefined) say("values", "required", "A select field lists its values.");
    else if (new Set(field.values).size < field.values.length)
      say("values", "duplicate", "Each value may stand in the list once.");
  }
  if (field.type === "relation") judgeRelation(field, say);
  if (field.pattern !== undefined) {
    try {
      tools.compilePattern(field.pattern);
    } catch (error) {
      say(
        "pattern",
        "pattern",
        error instanceof Error ? error.message : "The pattern is outside the supported subset.",
      );
    }
  }
}

function judgeRelation(field: FieldDefinition, say: Say): void {
  if (field.collection === undefined) say("collection", "required", "A relation names the collection it points to.");
  if (field.onDelete === "setNull" && (field.required || field.many)) {
    say(
      "onDelete",
      "value",
      field.many
        ? "A list holds no null; use cascade to take the id out of it."
        : "A required relation cannot become null; use cascade or restrict.",
    );
  }
  const problem = field.inverse === undefined ? null : fieldNameProblem(field.inverse);
  if (problem) say("inverse", "reserved", `“${field.inverse}” ${problem}; choose another name.`);
}

function judgeBounds(field: FieldDefinition, say: Say): Pick<FieldDefinition, "min" | "max"> {
  const min = canonicalBound(field, field.min);
  const max = canonicalBound(field, field.max);
  if (min === null) say("min", "value", boundForm(field.type));
  if (max === null) say("max", "value", boundForm(field.type));
  if (min != null && max != null && compareBounds(field.type, min, max) > 0)
    say("max", "value", "`max` is below `min`.");
  return { ...(min != null ? { min } : {}), ...(max != null ? { max } : {}) };
}

/** Undefined: not given. Null: not a bound for this type. */
function canonicalBound(
  field: FieldDefinition,
  bound: number | string | undefined,
): number | string | null | undefined {
  if (bound === undefined) return undefined;
  switch (field.type) {
    case "number":
      return typeof bound === "number" && Number.isFinite(bound) ? bound : null;
    case "integer":
      return Number.isSafeInteger(bound) ? bound : null;
    case "decimal":
      return typeof bound === "string" ? canonicalDecimal(bound) : null;
    case "datetime":
      return typeof bound === "string" ? canonicalDatetime(bound) : null;
    case "date":
      return typeof bound === "string" && isDate(bound) ? bound : null;
    default:
      return Number.isInteger(bound) && Number(bound) >= 0 && Number(bound) <= lengthMax ? bound : null;
  }
}

function boundForm(type: FieldType): string {
  if (type === "number") return "Expected a finite number.";
  if (type === "integer") return "Expected a safe integer.";
  if (type === "decimal") return 'Expected a decimal as a string such as "1.50".';
  if (type === "datetime") return 'Expected a time such as "2026-01-31T12:00:00Z".';
  if (type === "date") return 'Expected a date such as "2026-01-31".';
  return `Expected a number of characters between 0 and ${lengthMax}.`;
}

function compareBounds(type: FieldType, min: number | string, max: number | string): number {
  if (type === "decimal") return compareDecimals(String(min), String(max));
  return min > max ? 1 : min < max ? -1 : 0;
}

function judgeDefault(field: FieldDefinition, path: string, tools: FieldTools): JudgedField {
  if (field.default === null) {
    const { default: _, ...rest } = field;
    return { field: rest, issues: [] };
  }
  const parsed = tools.kindOf(field).parse(field, field.default, step(path, "default"));
  return parsed.ok ? { field: { ...field, default: parsed.value }, issues: [] } : { field, issues: parsed.issues };
}
