// Calls for a collection, made from its own fields: curl for a terminal, and the typed client. Pure.
import type { Collection, Field, JsonValue } from "../api/types.ts";

export interface Snippet {
  readonly id: "list" | "filtered" | "one" | "create" | "update" | "remove";
  readonly curl: string;
  readonly client: string;
}

export function snippetsOf(collection: Collection, origin: string): readonly Snippet[] {
  const { name } = collection;
  const url = `${origin}/v1/collections/${name}/records`;
  const auth = `-H "Authorization: Bearer $TOKEN"`;
  const record = exampleRecord(collection);
  const [field, value] = filterPair(collection, record);
  const patch = field in record ? { [field]: value } : {};
  const from = `lf.from("${name}")`;
  return [
    { id: "list", curl: `curl "${url}?limit=30" ${auth}`, client: `const page = await ${from}.limit(30).list();` },
    {
      id: "filtered",
      curl: `curl -G "${url}" ${auth} \\\n  --data-urlencode ${shell(`filter=${field} == ${celText(value)}`)} \\\n  --data-urlencode ${shell("sort=-createdAt")}`,
      client: `const found = await ${from}.filter(${script({ [field]: value })}).sort("-createdAt").list();`,
    },
    { id: "one", curl: `curl "${url}/$ID" ${auth}`, client: `const record = await ${from}.get(id);` },
    {
      id: "create",
      curl: createCall(collection, origin),
      client: `const made = await ${from}.create(${script(record)});`,
    },
    {
      id: "update",
      curl: `curl -X PATCH "${url}/$ID" ${auth} \\\n  -H "Content-Type: application/json" \\\n  -d ${shell(JSON.stringify(patch))}`,
      client: `await ${from}.update(id, ${script(patch)});`,
    },
    { id: "remove", curl: `curl -X DELETE "${url}/$ID" ${auth}`, client: `await ${from}.delete(id);` },
  ];
}

/** What every program with the typed client begins with. */
export function setUpCall(origin: string): string {
  return `// npm install ${origin}/sdk.tgz
import { createClient } from "@landfall/client";
import { schema } from "./landfall.schema.ts";

const lf = createClient({ url: "${origin}", schema, token: process.env.TOKEN });`;
}

/** The first call of a program, whole: it reads the newest records. */
export function firstCall({ name }: Collection, origin: string): { readonly curl: string; readonly client: string } {
  return {
    curl: `export TOKEN=lf_key_…   # an API key\ncurl "${origin}/v1/collections/${name}/records?sort=-createdAt&limit=10" \\\n  -H "Authorization: Bearer $TOKEN"`,
    client: `${setUpCall(origin)}
const { items } = await lf.from("${name}").sort("-createdAt").limit(10).list();
console.log(items);`,
  };
}

export function createCall(collection: Collection, origin: string): string {
  const url = `${origin}/v1/collections/${collection.name}/records`;
  const body = JSON.stringify(exampleRecord(collection));
  return `curl -X POST "${url}" -H "Authorization: Bearer $TOKEN" \\\n  -H "Content-Type: application/json" \\\n  -d ${shell(body)}`;
}

type Example = { readonly [field: string]: JsonValue };

/** Every required field, and the first few others. */
export function exampleRecord({ fields }: Collection): Example {
  const settable = fields.filter(({ type, hidden }) => type !== "autodate" && !hidden);
  const shown = settable.filter((field, index) => field.required || index < 4);
  return Object.fromEntries(shown.map((field) => [field.name, exampleValue(field)]));
}

function exampleValue(field: Field): JsonValue {
  const { values, many } = field;
  const one = field.type === "select" ? (values?.[0] ?? "") : examples[field.type];
  return many ? [one] : one;
}

const examples: { readonly [type in Field["type"]]: JsonValue } = {
  text: "Hello",
  email: "ann@example.com",
  url: "https://example.com",
  select: "",
  richtext: "<p>Hello</p>",
  number: 1.5,
  integer: 1,
  decimal: "1.50",
  bool: true,
  datetime: "2026-01-31T12:00:00.000Z",
  autodate: "2026-01-31T12:00:00.000Z",
  date: "2026-01-31",
  json: { any: "thing" },
  relation: "ID_OF_TARGET",
  geo: { lat: 52.5, lng: 13.4 },
  id: "ID",
};

/** A field whose equality is easy to read, with its value. */
function filterPair({ fields }: Collection, record: Example): readonly [string, JsonValue] {
  const simple = fields.find(
    ({ name, type, many }) =>
      !many && name in record && !["json", "geo", "datetime", "decimal", "richtext"].includes(type),
  );
  return simple ? [simple.name, record[simple.name] ?? ""] : ["id", "ID"];
}

const celText = (value: JsonValue): string =>
  typeof value === "string" ? `"${value.replace(/["\\]/g, "\\$&")}"` : JSON.stringify(value);

/** One word for a POSIX shell. */
const shell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** An object as one writes it in TypeScript: keys without quotes where they need none. */
const script = (value: JsonValue): string =>
  JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/"([A-Za-z_$][\w$]*)": /g, "$1: ");
