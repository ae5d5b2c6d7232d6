// The OpenAPI document as a product: whoever reads it alone finds all they need, and every example in it is true.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { beforeAll, describe, expect, test } from "vitest";
import type { OpenApiDocument } from "../../server/kernel/http/openapi.ts";
import { collections as demoCollections } from "../demo/cities.ts";
import { oddCollections } from "../support/odd-collections.ts";
import { call, testServer } from "../support/server.ts";

// biome-ignore lint/suspicious/noExplicitAny: the document is read as any tool would read it
type Json = any;

const server = testServer();
const documents: { full: OpenApiDocument; open: OpenApiDocument } = {} as never;

beforeAll(async () => {
  // Not judged: the document would be read anew for each.
  for (const definition of [...demoCollections, ...oddCollections])
    expect(await call(server.url, "POST", "/v1/collections", definition)).toMatchObject({
      status: 201,
      json: { name: definition.name },
    });
  documents.full = (await server.call("GET", "/v1/openapi.json")).json;
  documents.open = (await server.call("GET", "/v1/openapi.json", undefined, { as: null })).json;
}, 60_000);

interface Operation {
  readonly where: string;
  readonly path: string;
  readonly method: string;
  readonly operation: Json;
}

function operationsOf({ paths }: OpenApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ where: `${method} ${path}`, path, method, operation })),
  );
}

const at = (document: Json, pointer: string): Json =>
  pointer
    .slice(2)
    .split("/")
    .reduce((found, key) => found[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);
const resolve = (document: Json, value: Json): Json => (value?.$ref === undefined ? value : at(document, value.$ref));

describe.each(["full", "open"] as const)("the %s document", (which) => {
  test("names every operation once, in words a generator can use, with a chapter that is described", () => {
    const document = documents[which];
    const operations = operationsOf(document);
    const ids = operations.map(({ operation }) => operation.operationId as string);
    expect(ids.filter((id) => !/^[a-z][A-Za-z0-9]*$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = new Map(document.tags.map(({ name, description }) => [name, description]));
    for (const { where, operation } of operations) {
      expect(operation.summary, where).toMatch(/^\S.{3,100}[^.]$/);
      expect(operation.description, where).toMatch(/\S/);
      expect(
        operation.tags.map((tag: string) => typeof tags.get(tag)),
        where,
      ).toEqual(["string"]);
      expect(Array.isArray(operation.security), where).toBe(true);
    }
  });

  test("every parameter, body and answer has an example, and each one is what its schema says", () => {
    const document = documents[which] as Json;
    // As strict as a reader would like: a format that is not known, or a keyword, is a fault.
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    (addFormats as unknown as (target: Ajv2020) => void)(ajv);
    ajv.addSchema(document, "api");
    const faults: string[] = [];
    const compiled = new Map<string, ValidateFunction>();
    // What operations share is judged once.
    const seen = new Set<string>();
    const isNew = ({ $ref }: Json) => $ref === undefined || (!seen.has($ref) && seen.add($ref));
    const judge = (where: string, schema: Json, example: unknown) => {
      if (example === undefined) return void faults.push(`${where}: no example`);
      const text = JSON.stringify(schema).replaceAll('"#/', '"api#/');
      const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
      compiled.set(text, validate);
      if (!validate(example))
        faults.push(`${where}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(example).slice(0, 200)}`);
    };
    const media = (where: string, content: Json = {}) => {
      for (const [type, { schema, example, examples }] of Object.entries<Json>(content)) {
        if (examples === undefined) judge(`${where} ${type}`, schema, example);
        for (const [name, one] of Object.entries<Json>(examples ?? {}))
          judge(`${where} ${name}`, schema, resolve(document, one).value);
      }
    };
    for (const { where, operation } of operationsOf(document)) {
      for (const given of (operation.parameters ?? []).filter(isNew)) {
        const { name, schema, example, description } = resolve(document, given);
        judge(`${where} parameter ${name}`, schema, example);
        if (description === undefined) faults.push(`${where} parameter ${name}: no description`);
      }
      if (operation.requestBody) media(`${where} body`, operation.requestBody.content);
      for (const [status, given] of Object.entries<Json>(operation.responses)) {
        if (!isNew(given)) continue;
        const response = resolve(document, given);
        media(`${where} ${status}`, response.content);
        for (const [name, header] of Object.entries<Json>(response.headers ?? {})) {
          if (!isNew(header)) continue;
          const { schema, example } = resolve(document, header);
          judge(`${where} ${status} header ${name}`, schema, example);
        }
      }
    }
    expect(faults).toEqual([]);
  });

  test("every operation says how it fails, in problem documents with the codes that can occur", () => {
    const document = documents[which];
    for (const { where, path, method, operation } of operationsOf(document)) {
      const needed = ["400", "401", "429", "500", "503", "default"];
      if (operation.security.length === 1) needed.push("403");
      if (path.includes("{")) needed.push("404");
      if (method === "patch" || method === "put") needed.push("415");
      if (method === "patch" && operation.parameters?.some((one: Json) => resolve(document, one).name === "Idempotency-Key")) needed.push("422"); // biome-ignore format: one line
      for (const status of needed) {
        const problem = resolve(document, operation.responses[status])?.content?.["application/problem+json"];
        expect(problem, `${where} ${status}`).toBeDefined();
        if (status === "default") continue;
        const codes = problem.schema.allOf[1].properties.code.enum as string[];
        expect(Object.keys(problem.examples), `${where} ${status}`).toEqual(codes);
      }
    }
  });
});

test("every code there is stands with some operation, but those of the command line and of no address", () => {
  const { responses, schemas } = documents.full.components as Json;
  const told = JSON.stringify(Object.values<Json>(responses).map(({ content }) => Object.keys(content["application/problem+json"].examples))); // biome-ignore format: one text
  const missing = schemas.Problem.properties.code.enum.filter((code: string) => !told.includes(`"${code}"`));
  expect(missing).toEqual(["admin_exists", "admin_input_invalid", "admin_not_found", "route_not_found"]);
});

test("X11 the open document says nothing of the live collections", () => {
  const text = JSON.stringify(documents.open);
  for (const { name } of oddCollections.filter(({ name: own }) => own.length > 8)) expect(text).not.toContain(name);
  expect(text).not.toContain("CitiesRecord");
});

test("what stands as an example of a record is taken as it stands, and so is its change", async () => {
  const told = operationsOf(documents.full).filter(({ operation }) => operation["x-landfall-operation"]);
  const bodyOf = (collection: string, name: string) =>
    told.find(
      ({ path, operation }) =>
        path.startsWith(`/v1/collections/${collection}/`) && operation["x-landfall-operation"] === name,
    )?.operation.requestBody.content["application/json"].example;
  for (const { name, fields } of [...demoCollections, ...oddCollections]) {
    // A relation's example is an id that nobody has; the rest of the record has to stand alone.
    const bare = (body: Json) => Object.fromEntries(Object.entries(body).filter(([key]) => !(fields as readonly Json[]).some((field) => field.name === key && field.type === "relation"))); // biome-ignore format: one question
    const isBound = (fields as readonly Json[]).some(({ type, required }) => type === "relation" && required);
    if (isBound) continue;
    const path = `/v1/collections/${name}/records`;
    const made = await server.call("POST", path, bare(bodyOf(name, "createRecords")));
    expect([name, made.status, made.json?.errors]).toEqual([name, 201, undefined]);
    const changed = await server.call("PATCH", `${path}/${made.json.id}`, bare(bodyOf(name, "updateRecord")));
    expect([name, changed.status, changed.json?.errors]).toEqual([name, 200, undefined]);
    const asked = await server.call("POST", `${path}:query`, bodyOf(name, "queryRecords"));
    expect([name, asked.status, asked.json.items.length]).toEqual([name, 200, 1]);
  }
});

test("each operation's own parameters are taken as their examples stand", async () => {
  const told = operationsOf(documents.full).filter(
    ({ operation }) => operation["x-landfall-operation"] === "listRecords",
  );
  for (const { path, operation } of told) {
    const given = operation.parameters.filter(({ in: place, name }: Json) => place === "query" && name !== "cursor");
    const query = given.map(({ name, example }: Json) => `${name}=${encodeURIComponent(String(example))}`).join("&");
    const answer = await server.call("GET", `${path}?${query}`);
    expect([path, answer.status, answer.json.errors]).toEqual([path, 200, undefined]);
  }
});
