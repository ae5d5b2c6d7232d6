// docs/functions.md: every example is checked and evaluated here, and what comes out is what is printed.
import {
  CelError,
  type CheckEnv,
  checkValue,
  evaluator,
  fault,
  formatTime,
  inversesOf,
  parse,
  rowTypeOf,
  type Type,
} from "@landfall/client/cel";
import type { FieldDefinition } from "@landfall/client/wire";

interface Row {
  readonly name: string;
  readonly takes: string;
  readonly says: string;
  readonly examples: readonly string[];
}

const functions: readonly Row[] = [
  { name: "startsWith", takes: "string, string", says: "Begins with", examples: ["title.startsWith('Land')"] },
  { name: "endsWith", takes: "string, string", says: "Ends with", examples: ["title.endsWith('ahead')"] },
  { name: "contains", takes: "string, string", says: "Holds, anywhere", examples: ["title.contains('fall')"] },
  {
    name: "lowerAscii",
    takes: "string",
    says: "A to Z in small letters, others as they are",
    examples: ["lowerAscii(title)"],
  },
  {
    name: "upperAscii",
    takes: "string",
    says: "a to z in capitals, others as they are",
    examples: ["title.upperAscii()"],
  },
  { name: "size", takes: "string or list", says: "Code points, or elements", examples: ["size(title)", "tags.size()"] },
  {
    name: "matches",
    takes: "string, literal",
    says: "A pattern of the safe subset occurs anywhere",
    examples: ["title.matches('^Land[a-z]+')"],
  },
  {
    name: "timestamp",
    takes: "string",
    says: "RFC 3339 as a moment",
    examples: ["timestamp('2026-01-31T12:00:00Z') < now"],
  },
  {
    name: "duration",
    takes: "literal",
    says: "h, m, s, ms",
    examples: ["createdAt + duration('1h30m')", "now - createdAt > duration('12h')"],
  },
  {
    name: "geo",
    takes: "number, number",
    says: "A place: latitude, longitude",
    examples: ["place == geo(54.33, 10.14)"],
  },
  { name: "distance", takes: "geo, geo", says: "Metres", examples: ["distance(place, geo(54.33, 10.2)) < 5000.0"] },
  {
    name: "has",
    takes: "a path",
    says: "Neither null nor an error; never an error itself",
    examples: ["has(data.size)", "has(data.colour)"],
  },
  {
    name: "orNull",
    takes: "value, default",
    says: "The default where the value is null",
    examples: ["orNull(likes, 0) + 1"],
  },
  {
    name: "type",
    takes: "json",
    says: "Only in a comparison: makes one of json safe",
    examples: ["type(data.size) == double && data.size > 4.0"],
  },
  {
    name: "exists",
    takes: "list, variable, condition",
    says: "True for at least one element",
    examples: ["tags.exists(t, t.startsWith('se'))"],
  },
  {
    name: "all",
    takes: "list, variable, condition",
    says: "True for every element",
    examples: ["tags.all(t, size(t) > 2)"],
  },
];

const operators: readonly (readonly [string, readonly string[]])[] = [
  ["`==` `!=`: two-valued with null", ["due == null", "due != '2026-01-31'"]],
  ["`<` `<=` `>` `>=`: an error on null", ["version >= 7", "likes > 0"]],
  ["`&&` `||` `!`: an error beside a deciding side is forgotten", ["likes > 0 || title != ''", "!(likes > 0)"]],
  ["`+` `-` `*` `/` `%`: overflow and division by zero are errors", ["version * 2 + 1", "version / 0"]],
  ["`? :`: looks only at the branch it takes", ["likes == null ? 'none' : 'some'"]],
  ["`in`", ["'sea' in tags", "title in ['a', 'b']"]],
  ["`.` `[]`", ["data.size", "tags[0]", "tags[9]"]],
  ["`has` and a missing value", ["has(likes)", "author == auth.id"]],
];

const relational = [
  ["author.name == 'Ann'", "follows a relation"],
  ["comments.exists(c, c.author == auth.id)", "the records that point here, by the inverse's name"],
  ["collection('members').exists(m, m.user == auth.id)", "any collection"],
] as const;

const field = (name: string, type: FieldDefinition["type"], more: object = {}) => ({ name, type, ...more });
const definitions = [
  {
    name: "posts",
    fields: [
      field("title", "text", { required: true }),
      field("tags", "text", { many: true }),
      field("likes", "integer"),
      field("due", "date"),
      field("place", "geo"),
      field("data", "json"),
      field("author", "relation", { collection: "users" }),
    ],
  },
  { name: "users", fields: [field("name", "text")] },
  { name: "members", fields: [field("user", "relation", { collection: "users" })] },
  {
    name: "comments",
    fields: [
      field("post", "relation", { collection: "posts", inverse: "comments" }),
      field("author", "relation", { collection: "users" }),
    ],
  },
];
const inverses = inversesOf(definitions);
const rowTypes = new Map(definitions.map((one) => [one.name, rowTypeOf(one, inverses.get(one.name))]));
const posts = rowTypes.get("posts");
if (!posts) throw new Error("There are no posts.");
const env: CheckEnv = { mode: "rule", row: posts, collections: (name) => rowTypes.get(name) };

const row = {
  id: "p1",
  createdAt: "2026-01-31T12:00:00.000Z",
  updatedAt: "2026-01-31T12:00:00.000Z",
  version: 7,
  title: "Landfall ahead",
  tags: ["sea", "wind"],
  likes: null,
  due: null,
  place: { lat: 54.33, lng: 10.14 },
  data: { size: 5 },
  author: "u1",
};
const bindings = {
  row,
  auth: { id: "u1", signedIn: true, roles: [], teams: [], claims: {} },
  nowMs: Date.parse("2026-02-01T12:00:00Z"),
};

export function functionsPage(): string {
  const known = knownFunctions();
  const missing = known.filter((name) => name !== "collection" && !functions.some((one) => one.name === name));
  if (missing.length > 0) throw new Error(`docs/generated/functions-page.ts says nothing of ${missing.join(", ")}.`);
  return `# Functions and operators

Made by checking and evaluating each example; do not edit. What the language is: [expressions](protocol/expressions.md); how to write
rules with it: [rules](guides/rules.md).

The examples are asked of this record, by the user \`u1\`, at 2026-02-01T12:00:00Z:

\`\`\`json
${JSON.stringify(row, null, 2)}
\`\`\`

A function may stand before its first value or behind it: \`size(title)\` is \`title.size()\`. *Error* means that the expression has no
answer: a rule denies, a filter does not match.

## Functions

| function | takes | says | example | is |
|---|---|---|---|---|
${functions.flatMap(functionRows).join("\n")}

## Operators

| operator | example | is |
|---|---|---|
${operators.flatMap(([text, examples]) => examples.map((example, at) => `| ${at === 0 ? cell(text) : ""} | \`${cell(example)}\` | ${answer(example)} |`)).join("\n")}

## Other records

Decided by Postgres, so a rule that holds one of these is *relational*.

| expression | |
|---|---|
${relational.map(([example, text]) => `| \`${cell(checked(example))}\` | ${text} |`).join("\n")}
`;
}

function functionRows({ name, takes, says, examples }: Row): string[] {
  return examples.map((example, at) => {
    const head = at === 0 ? `| \`${name}\` | ${takes} | ${says}` : "| | |";
    return `${head} | \`${cell(example)}\` | ${answer(example)} |`;
  });
}

function checked(example: string): string {
  checkValue(parse(example), env);
  return example;
}

function answer(example: string): string {
  const known = checkValue(parse(example), env);
  const value = evaluator(known)(bindings);
  return value === fault ? "*error*" : `\`${shown(value, known.node.type)}\``;
}

const shown = (value: unknown, { kind }: Type) =>
  kind === "timestamp" && typeof value === "number" ? formatTime(value) : JSON.stringify(value);

/** The checker's own list, from its advice to those who misspell one. */
function knownFunctions(): string[] {
  try {
    checkValue(parse("misspelt()"), env);
  } catch (error) {
    if (error instanceof CelError && error.advice) {
      return error.advice.replace("The functions are ", "").replace(".", "").split(", ");
    }
  }
  throw new Error("The checker no longer lists its functions.");
}

const cell = (text: string) => text.replaceAll("|", "\\|");
