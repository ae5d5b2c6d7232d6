// docs/field-types.md: the columns and options come from the code that makes tables and judges definitions; the words stand here.
import { fieldTypes } from "@landfall/client/wire";
import { judgeField } from "../../server/collections/definition-field.ts";
import { fieldKinds } from "../../server/collections/field-kinds.ts";
import type { FieldDefinition, FieldType } from "../../server/collections/types.ts";

/** The value in JSON, in expressions, and what is worth knowing. A new type does not compile without its row. */
const words: Readonly<Record<FieldType, readonly [json: string, cel: string, note: string]>> = {
  text: ['`"any text"`', "string", "Bounds and `size` count code points; order is by code point"],
  email: ['`"ann@example.com"`', "string", "At most 254 characters"],
  url: ['`"https://example.com"`', "string", "`http` or `https`, at most 2,048 characters"],
  select: ['`"open"`', "string", "One of `values`"],
  richtext: ['`"<p>Hello</p>"`', "string", "HTML, cleaned when it is written"],
  number: ["`1.5`", "double", "Finite; -0 is stored as 0"],
  integer: ["`3`", "int", "±(2^53-1), so that JSON carries it whole"],
  decimal: ['`"1.50"`', "decimal", "A text, so that no digit is lost; compares by value, no arithmetic in expressions"],
  bool: ["`true`", "bool", ""],
  datetime: ['`"2026-01-31T12:00:00.000Z"`', "timestamp", "Answers are UTC with milliseconds; years 1 to 9999"],
  autodate: ['`"2026-01-31T12:00:00.000Z"`', "timestamp", "Set by the server, on `create` or on every `update`"],
  date: ['`"2026-01-31"`', "string", "Orders like a date"],
  json: ["anything", "json", "`has()`, deep equality, comparison after a type test"],
  relation: ['`"u1"`', "string", "Another record's id; a dot follows it. `onDelete`, and `inverse` names the way back"],
  geo: ['`{"lat": 52.5, "lng": 13.4}`', "geo", "`distance(a, b)` in metres"],
  id: ['`"u1"`', "string", "1 to 64 of `A-Z a-z 0-9 _ -`; an owner's id, without a collection to relate to"],
};

const options: readonly (keyof FieldDefinition)[] = ["required", "many", "default", "min", "max", "pattern", "values", "collection", "onDelete", "inverse", "on"]; // biome-ignore format: one line
/** No pattern is ever matched here. */
const compilePattern = () => () => true;
const tools = { kindOf: fieldKinds(compilePattern), compilePattern };

export function fieldTypesPage(): string {
  const rows = fieldTypes.map((type) => {
    const [json, cel, note] = words[type];
    return `| \`${type}\` | ${json} | ${columnsOf(type)} | ${cel} | ${note} |`;
  });
  const allowed = fieldTypes.map(
    (type) =>
      `| \`${type}\` | ${optionsOf(type)
        .map((option) => `\`${option}\``)
        .join(" ")} |`,
  );
  return `# Field types

Made from the code; do not edit. How to use them: [collections and fields](guides/collections.md).

| type | in JSON | column | in expressions | |
|---|---|---|---|---|
${rows.join("\n")}

With \`many\` a field holds a list, never null, without null elements: an array column; for relations a table
\`<collection>__<field>\` that keeps their order.

## Options

Every field takes \`name\`, \`type\`, \`hidden\` and \`rules\`. What else depends on its type.

| type | options |
|---|---|
${allowed.join("\n")}

## What every record has

\`id\` (chosen by the client, or a UUIDv7), \`createdAt\`, \`updatedAt\`, \`version\`. All but \`id\` are set by the server.
`;
}

function columnsOf(type: FieldType): string {
  const field = { name: "place", type, values: ["a"], collection: "users", on: "create" } as FieldDefinition;
  return tools
    .kindOf(field)
    .columns(field)
    .map((column) => `\`${column.type}\``)
    .join(", ");
}

/** Asked of the judge of definitions, which says of all that a field was given what its type does not have. */
function optionsOf(type: FieldType): (keyof FieldDefinition)[] {
  const field = { name: "place", type, ...Object.fromEntries(options.map((option) => [option, ["a"]])) };
  const { issues } = judgeField(field as unknown as FieldDefinition, "", tools);
  return options.filter(
    (option) => !issues.some(({ code, path }) => code === "not_applicable" && path === `/${option}`),
  );
}
