// A value for each field that the field itself would take: what stands in the examples of the OpenAPI document. Every
// candidate is put before the field's own kind, so that no example is refused when somebody sends it.
import type { FieldKinds } from "./field-kinds.ts";
import type { FieldDefinition, JsonValue } from "./types.ts";

/** Undefined: nothing that is tried here fits, as with a pattern and a length that hardly meet. */
export function exampleValue(field: FieldDefinition, kinds: FieldKinds): JsonValue | undefined {
  if (field.default !== undefined && field.default !== null) return field.default;
  const kind = kinds(field);
  const found = candidates(field).find((value) => kind.parse(field, field.many ? [value] : value, "").ok);
  return found === undefined ? undefined : field.many ? [found] : found;
}

function candidates(field: FieldDefinition): readonly JsonValue[] {
  const bounds = [field.min, field.max].filter((bound) => bound !== undefined);
  switch (field.type) {
    case "number":
      return [42, 0.5, ...bounds];
    case "integer":
      return [42, 1, ...bounds];
    case "decimal":
      return ["1.50", ...bounds];
    case "bool":
      return [true];
    case "datetime":
    case "autodate":
      return ["2026-01-31T12:00:00.000Z", ...bounds];
    case "date":
      return ["2026-01-31", ...bounds];
    case "json":
      return [{ any: "JSON" }];
    case "geo":
      return [{ lat: 52.52, lng: 13.405 }];
    case "select":
      return field.values ?? [];
    case "relation":
      return [`${field.collection?.[0] ?? "r"}1`];
    default:
      return texts(field);
  }
}

const starts: { readonly [type in FieldDefinition["type"]]?: string } = {
  email: "ann@example.com",
  url: "https://example.com/",
  id: "u1",
  richtext: "<p>Hello</p>",
};

function texts(field: FieldDefinition): string[] {
  const start = starts[field.type] ?? "Hello";
  const min = Math.min(Number(field.min ?? 0), 1_000);
  const max = Number(field.max ?? 1_000);
  const filled = "Hello, this is a text. ".repeat(50);
  const patterned = field.pattern === undefined ? [] : [1, min, max, 2, 3, 5, 8].map((count) => textLike(field.pattern as string, count)); // biome-ignore format: one line
  return [
    ...patterned,
    ...[start, "a@b.c", `${"a".repeat(Math.max(1, min - 12))}@example.com`, start.padEnd(min, "a")],
    ...[filled.slice(0, Math.max(min, Math.min(max, 22))), filled.slice(0, max), filled.slice(0, min), ""],
  ];
}

/** A text that matches the pattern: the first way at every fork, `count` rounds at every open repeat. */
export function textLike(pattern: string, count: number): string {
  const chars = [...pattern];
  let at = 0;
  const peek = () => chars[at];
  const next = () => chars[at++] ?? "";

  const alternatives = (): string => {
    const text = sequence();
    while (peek() === "|") {
      at += 1;
      sequence();
    }
    return text;
  };
  const sequence = (): string => {
    let text = "";
    while (at < chars.length && peek() !== "|" && peek() !== ")") text += single().repeat(rounds());
    return text;
  };
  const single = (): string => {
    const char = next();
    if (char === "^" || char === "$") return "";
    if (char === ".") return "a";
    if (char === "[") return oneOf();
    if (char !== "(") return char === "\\" ? next() : char;
    const text = alternatives();
    at += 1;
    return text;
  };
  const oneOf = (): string => {
    const not = peek() === "^";
    if (not) at += 1;
    const from = at;
    while (at < chars.length && peek() !== "]") at += peek() === "\\" ? 2 : 1;
    const inside = chars.slice(from, at).join("").replaceAll("\\", "");
    at += 1;
    if (!not) return [...inside][0] ?? "";
    return ["x", "7", "-", "Q"].find((char) => !inside.includes(char)) ?? "~";
  };
  const rounds = (): number => {
    const sign = peek();
    if (sign === "?" || sign === "*" || sign === "+") {
      at += 1;
      return sign === "?" ? 1 : Math.max(1, Math.min(count, 100));
    }
    if (sign !== "{") return 1;
    const close = chars.indexOf("}", at);
    const [low = "1", high = low] = chars
      .slice(at + 1, close)
      .join("")
      .split(",");
    at = close + 1;
    return Math.max(Number(low), Math.min(high === "" ? 100 : Number(high), count));
  };
  return alternatives();
}
