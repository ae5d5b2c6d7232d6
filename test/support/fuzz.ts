// Hostile requests made from an OpenAPI document: for every operation, inputs that fit its schemas, inputs that almost fit,
// and inputs from a pool of things that broke other servers.

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document is walked as plain JSON
type Json = any;

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Json[];
  readonly bodySchema: Json | undefined;
  readonly contentType: string;
  readonly seeds: readonly unknown[];
}

export interface FuzzOptions {
  readonly random: () => number;
  /** Values that exist in the database under test, so that some requests get past the first look-up. */
  readonly known: { readonly [parameter: string]: readonly string[] };
  /** Bodies that are accepted, by operationId (of the generic operation): mutated, they get further than made-up ones. */
  readonly bodies?: { readonly [operation: string]: readonly object[] };
}

/** An endless supply of requests, operations in turn. */
export function* fuzzRequests(document: Json, options: FuzzOptions): Generator<FuzzRequest> {
  const operations = operationsOf(document, options.bodies ?? {});
  const make = maker(document, options);
  for (let n = 0; ; n++) yield make(operations[n % operations.length] as Operation);
}

function operationsOf(document: Json, bodies: NonNullable<FuzzOptions["bodies"]>): Operation[] {
  const methods = ["get", "post", "patch", "put", "delete"];
  return Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method] !== undefined)
      .map((method) => ({
        method: method.toUpperCase(),
        path,
        parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])],
        bodySchema: Object.values<Json>(item[method].requestBody?.content ?? {})[0]?.schema,
        contentType: Object.keys(item[method].requestBody?.content ?? {})[0] ?? "application/json",
        // `createPostsRecords` is `createRecords` with its collection in the path.
        seeds: bodies[String(item[method]["x-landfall-operation"] ?? item[method].operationId)] ?? [],
      })),
  );
}

const hostileTexts = [
  "", " ", "\u0000", "\ud800", "\udfff\ud800", "𝒳é\u202e", "__proto__", "constructor", "toString", "null", "true", "NaN", "-1", "1e999",
  "' OR '1'='1", '"; DROP TABLE posts; --', "$$; SELECT pg_sleep(5); $$", "%00", "%", "%ff", "../../etc/passwd", "..%2f..", "a".repeat(5_000),
  "😀".repeat(300), "(".repeat(200), "a == ".repeat(50), "[".repeat(100), "a.b.c.d.e.f", "matches('(a+)+$')", "2026-13-45", "0000-00-00T00:00:00Z",
  "9999-12-31T23:59:59.999Z", "+292277-01-01T00:00:00Z", "\r\nX-Evil: 1", "<script>alert(1)</script>", "=1+1", "{}", "[]", "id", "auth.id",
] as const; // biome-ignore format: a pool of values

const hostileValues = [
  null, true, false, 0, -0, 1, -1, 0.1, 1e308, -1e308, 5e-324, 2 ** 53, -(2 ** 53), 2 ** 31, 1e21, [], {}, [[]], [null], { "": 1 }, { __proto__x: 1 },
  { $increment: 1 }, { $increment: "x" }, { $append: null }, { $remove: {} }, { lat: 91, lng: 181 }, { lat: "1" }, { op: "==", args: [] },
] as const; // biome-ignore format: a pool of values

function maker(document: Json, { random, known }: FuzzOptions) {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const chance = (share: number) => random() < share;
  const resolve = (schema: Json): Json =>
    schema?.$ref === undefined
      ? schema
      : resolve(
          schema.$ref
            .slice(2)
            .split("/")
            .reduce((at: Json, key: string) => at[key], document),
        );

  const hostile = (depth = 0): unknown => {
    if (depth < 2 && chance(0.1)) return Array.from({ length: Math.floor(random() * 5) }, () => hostile(depth + 1));
    if (depth < 2 && chance(0.1)) return Object.fromEntries([[pick(hostileTexts), hostile(depth + 1)]]);
    return chance(0.5) ? pick(hostileTexts) : pick(hostileValues);
  };

  const value = (given: Json, depth = 0): unknown => {
    const schema = resolve(given);
    if (schema === undefined || depth > 6 || chance(0.08)) return hostile();
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices) return value(pick(choices), depth + 1);
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part: Json) => value(part, depth + 1)));
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return pick(schema.enum);
    if (schema.examples !== undefined && chance(0.5)) return schema.examples[0];
    const type = Array.isArray(schema.type) ? pick(schema.type) : schema.type;
    if (type === "object" || schema.properties) return object(schema, depth);
    if (type === "array") return Array.from({ length: Math.floor(random() * 4) }, () => value(schema.items, depth + 1));
    if (type === "integer") return Math.floor(random() * 100);
    if (type === "number") return random() * 1000 - 500;
    if (type === "boolean") return chance(0.5);
    if (type === "null") return null;
    return chance(0.6)
      ? pick(["title", "open", "post-1", "u1", "2026-01-01T00:00:00Z", "a@b.example", "status == 'open'"])
      : pick(hostileTexts);
  };

  const object = (schema: Json, depth: number): unknown => {
    const required = new Set<string>(schema.required ?? []);
    const members = Object.entries<Json>(schema.properties ?? {}).filter(([name]) =>
      required.has(name) ? !chance(0.05) : chance(0.5),
    );
    const made = Object.fromEntries(members.map(([name, member]) => [name, value(member, depth + 1)]));
    if (chance(0.1)) made[pick(hostileTexts)] = hostile();
    if (schema.additionalProperties && chance(0.5))
      made[pick(["title", "likes", "tags", "author", "id"])] = value(schema.additionalProperties, depth + 1);
    return made;
  };

  const text = (item: unknown): string => (typeof item === "string" ? item : (JSON.stringify(item) ?? ""));

  /** A lone surrogate cannot be percent-encoded; it becomes three bytes that are no UTF-8. */
  const encode = (raw: string): string =>
    raw.isWellFormed() ? encodeURIComponent(raw) : `${encodeURIComponent(raw.toWellFormed())}%ED%A0%80`;

  const pathOf = (operation: Operation): string =>
    operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const values = known[name];
      return values && chance(0.7) ? encode(pick(values)) : encode(pick(hostileTexts)) || "%20";
    });

  const queryOf = (operation: Operation): string => {
    const parts = operation.parameters
      .map(resolve)
      .filter((parameter) => parameter.in === "query" && (parameter.required || chance(0.4)))
      .map(
        (parameter) =>
          `${encode(parameter.name)}=${encode(text(known[parameter.name] && chance(0.6) ? pick(known[parameter.name] as string[]) : parameter.example !== undefined && chance(0.5) ? parameter.example : value(parameter.schema)))}`, // biome-ignore format: one parameter
      );
    if (chance(0.05)) parts.push(`${encode(pick(hostileTexts))}=${encode(pick(hostileTexts))}`);
    if (chance(0.03)) parts.push("a[]=1&a[]=2&a[b][c]=3");
    return parts.length === 0 ? "" : `?${parts.join("&")}`;
  };

  const bodyOf = (operation: Operation): string => {
    if (chance(0.04))
      return pick([
        "{",
        "",
        "null",
        "[]",
        '"x"',
        "{}{}",
        '{"a":1,"a":2}',
        `${"[".repeat(500)}${"]".repeat(500)}`,
        '{"__proto__":{"admin":true}}',
        "\u0000",
      ]);
    if (operation.seeds.length > 0 && chance(0.7)) return JSON.stringify(mutated(pick(operation.seeds)));
    return JSON.stringify(value(operation.bodySchema)) ?? "null";
  };

  /** As it is, or with one member anywhere in it replaced, added or gone. */
  const mutated = (seed: unknown): unknown => {
    const copy = structuredClone(seed);
    for (let at: Json = copy; chance(0.75); ) {
      const keys = Object.keys(at);
      const key = keys.length > 0 && chance(0.9) ? pick(keys) : pick(hostileTexts);
      if (typeof at[key] === "object" && at[key] !== null && chance(0.6)) at = at[key];
      else {
        if (chance(0.1)) delete at[key];
        else Object.defineProperty(at, key, { value: hostile(), enumerable: true, writable: true, configurable: true });
        break;
      }
    }
    return copy;
  };

  return (operation: Operation): FuzzRequest => {
    const headers: Record<string, string> = {};
    if (chance(0.05)) headers["if-match"] = pick(['"1.1"', "*", "W/x", '"', "a".repeat(2_000)]);
    if (chance(0.05)) headers["if-none-match"] = pick(["*", '"x"', ",,,"]);
    if (chance(0.05)) headers["idempotency-key"] = pick(["k1", "k2", "a".repeat(300), " "]);
    if (chance(0.03)) headers["x-request-id"] = pick(["ok-1", "a b", "x".repeat(500)]);
    if (chance(0.03)) headers.accept = pick(["text/html", "*/*;q=0", "application/xml"]);
    const path = `${pathOf(operation)}${queryOf(operation)}`;
    if (operation.method === "GET" || (operation.bodySchema === undefined && chance(0.9)))
      return { method: operation.method, path, headers };
    headers["content-type"] = chance(0.95)
      ? operation.contentType
      : pick(["text/plain", "application/xml", "multipart/form-data", "application/json; charset=utf-16"]);
    return { method: operation.method, path, headers, body: bodyOf(operation) };
  };
}
