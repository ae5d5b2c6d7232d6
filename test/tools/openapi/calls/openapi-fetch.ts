// The same through openapi-typescript's types and openapi-fetch: paths and bodies checked by the compiler, no code generated.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "../out/openapi-typescript.js";

const [, , baseUrl = "", key = ""] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${key}` } });
let calls = 0;

/** The data of a call that must succeed. */
function ok<Data>(
  status: number,
  { data, error, response }: { data?: Data; error?: unknown; response: Response },
): Data {
  assert.equal(response.status, status, JSON.stringify(error));
  calls += 1;
  return data as Data;
}

ok(200, await client.GET("/v1/server"));
const names = ok(200, await client.GET("/v1/collections")).items.map(({ name }) => name);
assert.ok(names.includes("visits"));
const made = ok(201, await client.POST("/v1/collections/x/records", { body: { y: 1.5 } }));
assert.ok("id" in made && typeof made.id === "string");
const path = { id: made.id };
assert.equal(ok(200, await client.GET("/v1/collections/x/records/{id}", { params: { path } })).y, 1.5);
assert.equal(
  ok(
    200,
    await client.PATCH("/v1/collections/x/records/{id}", {
      params: { path, query: {} },
      body: { y: { $increment: 1 } },
    }),
  ).y,
  2.5,
);
assert.equal(ok(200, await client.PUT("/v1/collections/x/records/{id}", { params: { path }, body: { y: 3 } })).y, 3);
assert.equal(
  ok(200, await client.GET("/v1/collections/x/records", { params: { query: { filter: "y > 2.0", count: "exact" } } }))
    .count,
  1,
);
assert.equal(
  ok(200, await client.POST("/v1/collections/x/records:query", { body: { filter: "y > 4.0" } })).items.length,
  0,
);
ok(204, await client.DELETE("/v1/collections/x/records/{id}", { params: { path } }));
const { error, response } = await client.GET("/v1/collections/x/records/{id}", { params: { path } });
assert.equal(response.status, 404);
assert.equal(error?.code, "record_not_found");
calls += 1;
ok(200, await client.GET("/v1/denials", { params: { query: { limit: 3 } } }));
ok(200, await client.GET("/v1/api-keys"));

process.stdout.write(`${calls} calls\n`);
