import { describe, expect, test } from "vitest";
import { checkRule, recordingTools } from "./definition.fixture.ts";
import { judgeDefinition, relationIssues, ruleIssues } from "./definition-judge.ts";
import { startingRules } from "./definition-rule-sets.ts";
import { collectionPatchShape, collectionShape } from "./definition-shape.ts";
import type { StoredCollection } from "./definition-store.ts";
import { buildSchemas } from "./schemas.ts";
import type { CollectionDefinition } from "./types.ts";

const tools = recordingTools();

/** Places and codes of everything that is wrong: by the shape at the door, else by the meaning. */
function problems(body: object, others: readonly object[] = []): string[] {
  const shaped = collectionShape.safeParse(body);
  if (!shaped.success) return shaped.error.issues.map((issue) => `/${issue.path.join("/")} ${issue.code}`);
  const { definition, issues } = judgeDefinition(shaped.data as CollectionDefinition, tools);
  if (issues.length > 0) return issues.map((issue) => `${issue.path} ${issue.code}`);
  const stored = [...others.map((other) => collectionShape.parse(other)), definition].map(
    (one, at): StoredCollection => ({
      ...{ id: at + 1, schemaVersion: 1, createdAt: "", updatedAt: "" },
      definition: one as CollectionDefinition,
    }),
  );
  const schemas = buildSchemas({ version: 1, collections: stored });
  const schema = schemas.byName.get(definition.name);
  if (!schema) throw new Error("the picture lacks the definition");
  return [...relationIssues(schemas, schema), ...ruleIssues(schemas, schema, checkRule)].map(
    (issue) => `${issue.path} ${issue.code}`,
  );
}

const field = (part: object) => ({ name: "t", fields: [{ name: "a", type: "text", ...part }] });
const users = { name: "users", fields: [{ name: "name", type: "text" }] };

test("J01 SQL through identifiers: nothing but letters and digits becomes a name", () => {
  const hostile = [
    'a"; DROP TABLE users; --',
    "a'b",
    "a b",
    "a.b",
    "a-b",
    "a_b",
    "A",
    "1a",
    "",
    "ä",
    "a\u0000",
    "a\n",
    "a".repeat(64),
    "__proto__",
    "pg_sleep(10)",
    "a/*",
    "$a{b}",
  ];
  for (const name of hostile) {
    expect(problems({ name }), name).not.toEqual([]);
    expect(problems(field({ name })), name).not.toEqual([]);
    expect(problems({ name: "t", indexes: [{ fields: [name] }] }), name).not.toEqual([]);
    expect(problems(field({ type: "relation", collection: name })), name).not.toEqual([]);
    expect(problems(field({ type: "relation", collection: "t", inverse: name })), name).not.toEqual([]);
    expect(collectionPatchShape.safeParse({ fields: [{ name: "b", type: "text", was: name }] }).success, name).toBe(
      false,
    );
  }
});

describe("J04 schema builder passes raw SQL: objects and expressions are refused where a name or a value belongs", () => {
  const raw = { raw: "now()); DROP TABLE users; --" };
  const cases: readonly (readonly [name: string, body: object])[] = [
    ["a default that is an object", field({ default: raw })],
    ["a default for a list that is an object", field({ many: true, default: raw })],
    ["a default time that is an expression", field({ type: "datetime", default: "now()" })],
    ["a number as text", field({ type: "number", default: "1); DROP TABLE users; --" })],
    ["an index on an expression", { name: "t", indexes: [{ fields: ["lower(a)"] }] }],
    ["an index on an object", { name: "t", indexes: [{ fields: [raw] }] }],
    ["an index with a condition", { name: "t", indexes: [{ fields: ["id"], where: "true" }] }],
    ["a check", field({ check: "true" })],
    ["a generated column", field({ generated: "1" })],
    ["a type of Postgres", field({ type: "text; DROP TABLE users" })],
    ["a name that is a list", { name: ["t"] }],
    ["a bound that is an object", field({ max: raw })],
    ["values that are objects", field({ type: "select", values: [raw] })],
  ];
  for (const [name, body] of cases) test(name, () => expect(problems(body)).not.toEqual([]));
});

test("J04 a default with quotes stays a value", () => {
  expect(problems(field({ default: "'); DROP TABLE users; --" }))).toEqual([]);
  expect(problems(field({ type: "json", default: { raw: "now()" } }))).toEqual([]);
});

test("B01 mass assignment: unknown members are refused with their path", () => {
  for (const extra of [{ id: 5 }, { schemaVersion: 1 }, { kind: "view" }, { createdAt: "x" }, { owner: "me" }]) {
    expect(problems({ name: "t", ...extra })).toHaveLength(1);
    expect(collectionPatchShape.safeParse(extra).success).toBe(false);
  }
  expect(problems(field({ primary: true }))).toEqual(["/fields/0 unrecognized_keys"]);
  expect(problems({ name: "t", rules: { read: "true" } })).toEqual(["/rules unrecognized_keys"]);
});

const scenarios: readonly (readonly [
  name: string,
  body: object,
  problems: readonly string[],
  others?: readonly object[],
])[] = [
  [
    "the contract's example",
    {
      name: "posts",
      fields: [
        { name: "title", type: "text", required: true, max: 200 },
        { name: "author", type: "relation", collection: "users", inverse: "posts" },
      ],
      indexes: [{ fields: ["title"], unique: true }],
    },
    [],
    [users],
  ],
  ["an empty collection", { name: "t" }, []],
  ["a reserved word of CEL", field({ name: "package" }), ["/fields/0/name reserved"]],
  ["a word of the context", field({ name: "auth" }), ["/fields/0/name reserved"]],
  ["a system field", field({ name: "createdAt" }), ["/fields/0/name reserved"]],
  ["a system column of Postgres", field({ name: "xmin" }), ["/fields/0/name reserved"]],
  ["J11 a built-in property", field({ name: "constructor" }), ["/fields/0/name reserved"]],
  ["J11 a collection named after a built-in property", { name: "hasOwnProperty" }, ["/name reserved"]],
  ["a collection of Postgres", { name: "pgStats" }, ["/name reserved"]],
  ["the system schema", { name: "landfall" }, ["/name reserved"]],
  [
    "a name twice",
    {
      name: "t",
      fields: [
        { name: "a", type: "text" },
        { name: "a", type: "bool" },
      ],
    },
    ["/fields/1/name duplicate"],
  ],
  [
    "a place whose columns would be too long",
    field({ name: "a".repeat(60), type: "geo" }),
    ["/fields/0/name too_long"],
  ],
  [
    "a join table that would be too long",
    { name: "t".repeat(40), fields: [{ name: "a".repeat(30), type: "relation", collection: "users", many: true }] },
    ["/fields/0/name too_long"],
    [users],
  ],
  ["values on a text", field({ values: ["x"] }), ["/fields/0/values not_applicable"]],
  ["a select without values", field({ type: "select" }), ["/fields/0/values required"]],
  ["a select with a value twice", field({ type: "select", values: ["x", "x"] }), ["/fields/0/values duplicate"]],
  ["a required autodate", field({ type: "autodate", required: true }), ["/fields/0/required not_applicable"]],
  ["bounds that cross", field({ min: 3, max: 2 }), ["/fields/0/max value"]],
  ["a length that is no number", field({ max: "3" }), ["/fields/0/max value"]],
  ["a length below zero", field({ max: -1 }), ["/fields/0/max value"]],
  ["a decimal bound as a number", field({ type: "decimal", max: 3 }), ["/fields/0/max value"]],
  ["decimal bounds by value", field({ type: "decimal", min: "9", max: "10" }), []],
  ["a default out of bounds", field({ default: "abc", max: 2 }), ["/fields/0/default max"]],
  [
    "a default that is no value of the select",
    field({ type: "select", values: ["x"], default: "y" }),
    ["/fields/0/default value"],
  ],
  ["a default of a list", field({ many: true, default: ["x", 1] }), ["/fields/0/default/1 type"]],
  [
    "a default relation",
    field({ type: "relation", collection: "users", default: "u1" }),
    ["/fields/0/default not_applicable"],
    [users],
  ],
  ["a pattern outside the subset", field({ pattern: "(?=a)" }), ["/fields/0/pattern pattern"]],
  [
    "a relation to nowhere",
    field({ type: "relation", collection: "users" }),
    ["/fields/0/collection unknown_collection"],
  ],
  ["a relation without a target", field({ type: "relation" }), ["/fields/0/collection required"]],
  ["a relation to itself", field({ type: "relation", collection: "t", inverse: "back" }), []],
  [
    "a required relation that becomes null",
    field({ type: "relation", collection: "users", required: true, onDelete: "setNull" }),
    ["/fields/0/onDelete value"],
    [users],
  ],
  [
    "a way back that is a field of the target",
    field({ type: "relation", collection: "users", inverse: "name" }),
    ["/fields/0/inverse duplicate"],
    [users],
  ],
  [
    "a way back that is a system field",
    field({ type: "relation", collection: "users", inverse: "version" }),
    ["/fields/0/inverse reserved"],
    [users],
  ],
  [
    "a way back that another collection uses",
    field({ type: "relation", collection: "users", inverse: "mine" }),
    ["/fields/0/inverse duplicate"],
    [users, { name: "other", fields: [{ name: "u", type: "relation", collection: "users", inverse: "mine" }] }],
  ],
  [
    "an index on a field that is not there",
    { name: "t", indexes: [{ fields: ["a"] }] },
    ["/indexes/0/fields/0 unknown_field"],
  ],
  [
    "an index on json",
    { ...field({ type: "json" }), indexes: [{ fields: ["a"] }] },
    ["/indexes/0/fields/0 not_indexable"],
  ],
  [
    "an index on a list",
    { ...field({ many: true }), indexes: [{ fields: ["id", "a"] }] },
    ["/indexes/0/fields/1 not_indexable"],
  ],
  [
    "an index twice",
    { ...field({}), indexes: [{ fields: ["a"] }, { fields: ["a"], unique: false }] },
    ["/indexes/1 duplicate"],
  ],
  ["an index on system fields", { name: "t", indexes: [{ fields: ["createdAt", "updatedAt"] }] }, []],
  ["a rule the checker refuses", { ...field({}), rules: { list: "b == 'x'" } }, ["/rules/list unknown_name"]],
  ["a field rule the checker refuses", field({ rules: { write: "b == 'x'" } }), ["/fields/0/rules/write unknown_name"]],
];

describe("definitions", () => {
  for (const [name, body, expected, others] of scenarios)
    test(name, () => expect(problems(body, others)).toEqual(expected));
});

test("what is stored is canonical, so that equal definitions are stored equal", () => {
  const shaped = collectionShape.parse({
    name: "t",
    fields: [
      { name: "a", type: "decimal", min: "-0.0", default: "007.50", required: false, many: false },
      { name: "b", type: "datetime", max: "2026-01-31T12:00:00+02:00", default: null },
      { name: "c", type: "bool", default: false },
    ],
    rules: { list: null, get: "true" },
  });
  expect(judgeDefinition(shaped as CollectionDefinition, tools).definition).toEqual({
    ...{ name: "t", kind: "base", indexes: [], preconditionRequired: false, rules: { get: "true" } },
    fields: [
      { name: "a", type: "decimal", min: "0.0", default: "7.50" },
      { name: "b", type: "datetime", max: "2026-01-31T10:00:00.000Z" },
      { name: "c", type: "bool", default: false },
    ],
  });
});

test("A25 default deny: the set a new collection starts from without a choice has no rule", () => {
  expect(startingRules.map((set) => set.name)).toEqual(["adminsOnly", "owner", "signedIn", "publicRead", "own"]);
  expect(startingRules[0]?.rules).toEqual({});
  for (const { rules, needs } of startingRules)
    expect(problems({ name: "t", fields: needs ? [needs] : [], rules })).toEqual([]);
});
