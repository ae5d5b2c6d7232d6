// What may stand at the cursor: names of the schema, of the request, and functions. Pure, so that it is tested as a table.
import type { Collection, Field } from "../api/types.ts";

export interface Suggestion {
  readonly label: string;
  readonly type: "property" | "variable" | "function" | "keyword";
  readonly detail: string;
  /** Inserted instead of the label; `|` marks where the cursor goes. */
  readonly apply?: string;
}

export interface CompletionScope {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  /** A filter is a caller's question: it knows no `before`. */
  readonly kind: "rule" | "filter";
}

export interface Completions {
  /** Where the word under the cursor begins. */
  readonly from: number;
  readonly options: readonly Suggestion[];
}

const authNames: readonly Suggestion[] = [
  { label: "id", type: "property", detail: "the user's id; an error when nobody is signed in" },
  { label: "signedIn", type: "property", detail: "bool" },
  { label: "roles", type: "property", detail: "list of texts" },
  { label: "teams", type: "property", detail: "list of texts" },
  { label: "claims", type: "property", detail: "json" },
  { label: "device", type: "property", detail: "text" },
];

const requestNames: readonly Suggestion[] = [
  { label: "time", type: "property", detail: "timestamp of this request" },
  { label: "door", type: "property", detail: "text: rest, batch, import, export …" },
];

const functions: readonly Suggestion[] = [
  { label: "has", type: "function", detail: "has(json.key)", apply: "has(|)" },
  { label: "timestamp", type: "function", detail: "from RFC 3339 text", apply: "timestamp('|')" },
  { label: "duration", type: "function", detail: "such as duration('24h')", apply: "duration('|')" },
  { label: "now", type: "function", detail: "time of this request", apply: "now()" },
  { label: "geo", type: "function", detail: "geo(lat, lng)", apply: "geo(|)" },
  { label: "distance", type: "function", detail: "metres between two places", apply: "distance(|)" },
  { label: "orNull", type: "function", detail: "orNull(x, default)", apply: "orNull(|)" },
  { label: "size", type: "function", detail: "code points or elements", apply: "size(|)" },
];

const textMethods: readonly Suggestion[] = ["startsWith", "endsWith", "contains", "matches"].map((label) => ({
  label,
  type: "function",
  detail: "text",
  apply: `${label}('|')`,
}));
const plainTextMethods: readonly Suggestion[] = ["size", "lowerAscii", "upperAscii"].map((label) => ({
  label,
  type: "function",
  detail: "text",
  apply: `${label}()`,
}));
const listMethods: readonly Suggestion[] = [
  { label: "exists", type: "function", detail: "true for one element", apply: "exists(x, |)" },
  { label: "all", type: "function", detail: "true for every element", apply: "all(x, |)" },
  { label: "size", type: "function", detail: "number of elements", apply: "size()" },
];

const systemNames: readonly Suggestion[] = [
  { label: "id", type: "property", detail: "id" },
  { label: "createdAt", type: "property", detail: "timestamp" },
  { label: "updatedAt", type: "property", detail: "timestamp" },
  { label: "version", type: "property", detail: "integer" },
];

/** `explicit`: the caller pressed Ctrl Space, so an empty word is answered too. */
export function completeCel(
  text: string,
  at: number,
  scope: CompletionScope,
  explicit = false,
): Completions | undefined {
  const before = text.slice(0, at);
  if (insideText(before)) {
    const call = /\bcollection\(\s*["']([A-Za-z0-9]*)$/.exec(before);
    return call ? { from: at - (call[1] ?? "").length, options: collectionNames(scope) } : undefined;
  }
  const path = /((?:[A-Za-z_]\w*\.)*)(\w*)$/.exec(before);
  const [, owner = "", word = ""] = path ?? [];
  if (/^\d/.test(word)) return undefined;
  const from = at - word.length;
  if (owner !== "") {
    const options = memberNames(owner.slice(0, -1).split("."), scope);
    return options.length > 0 ? { from, options } : undefined;
  }
  if (before[from - 1] === ".") return { from, options: [...textMethods, ...plainTextMethods, ...listMethods] };
  if (word === "" && !explicit) return undefined;
  return { from, options: rootNames(scope) };
}

function rootNames(scope: CompletionScope): readonly Suggestion[] {
  return [
    ...recordNames(scope.collection, scope),
    { label: "auth", type: "variable", detail: "who is asking" },
    ...(scope.kind === "rule"
      ? [{ label: "before", type: "variable", detail: "the stored record" } satisfies Suggestion]
      : []),
    { label: "request", type: "variable", detail: "time and door" },
    { label: "collection", type: "function", detail: "another collection", apply: 'collection("|")' },
    ...functions,
    ...["true", "false", "null", "in"].map((label): Suggestion => ({ label, type: "keyword", detail: "" })),
  ];
}

/** Follows `author.team` from field to field; ends in what the last one offers. */
function memberNames(path: readonly string[], scope: CompletionScope): readonly Suggestion[] {
  const [first = "", ...rest] = path;
  if (first === "auth") return rest.length === 0 ? authNames : [];
  if (first === "request") return rest.length === 0 ? requestNames : [];
  let collection: Collection | undefined = scope.collection;
  const steps = first === "before" ? rest : path;
  if (steps.length === 0) return recordNames(collection, scope);
  for (const [index, step] of steps.entries()) {
    const field: Field | undefined = collection?.fields.find(({ name }) => name === step);
    const isLast = index === steps.length - 1;
    if (!field) return isLast && collection && isInverse(step, collection, scope) ? listMethods : [];
    if (field.type !== "relation" || field.many) return isLast ? valueMethods(field) : [];
    collection = scope.all.find(({ name }) => name === field.collection);
  }
  return collection ? recordNames(collection, scope) : [];
}

function valueMethods(field: Field): readonly Suggestion[] {
  if (field.many) return listMethods;
  const isText = ["text", "email", "url", "select", "richtext", "date"].includes(field.type);
  return isText ? [...textMethods, ...plainTextMethods] : [];
}

function recordNames(collection: Collection, scope: CompletionScope): readonly Suggestion[] {
  const fields = collection.fields.map(
    (field): Suggestion => ({ label: field.name, type: "property", detail: describe(field) }),
  );
  return [...fields, ...systemNames, ...inverses(collection, scope)];
}

function inverses(collection: Collection, { all }: CompletionScope): readonly Suggestion[] {
  return all.flatMap((other) =>
    other.fields
      .filter((field) => field.collection === collection.name && field.inverse)
      .map(
        (field): Suggestion => ({
          label: field.inverse ?? "",
          type: "property",
          detail: `${other.name} that point here`,
        }),
      ),
  );
}

const isInverse = (name: string, collection: Collection, scope: CompletionScope) =>
  inverses(collection, scope).some(({ label }) => label === name);

const collectionNames = ({ all }: CompletionScope): readonly Suggestion[] =>
  all.map(({ name }) => ({ label: name, type: "variable", detail: "collection" }));

const describe = ({ type, many, collection }: Field): string =>
  `${many ? "list of " : ""}${type}${collection ? ` to ${collection}` : ""}`;

/** Counts quotes up to the cursor: an open one means that we stand in a text. */
function insideText(before: string): boolean {
  let quote = "";
  for (let at = 0; at < before.length; at += 1) {
    const letter = before[at] ?? "";
    if (letter === "\\") at += 1;
    else if (quote === "" && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === quote) quote = "";
  }
  return quote !== "";
}
