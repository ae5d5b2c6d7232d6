// Calls through the client that @hey-api/openapi-ts makes: nothing here is cast, so that what compiles is what the document
// says. `node hey-api.js <url> <key>` prints how many calls were right.
import assert from "node:assert/strict";
import { createClient } from "../out/hey-api/client/index.js";
import * as api from "../out/hey-api/index.js";

const [, , baseUrl = "", key = ""] = process.argv;
const client = createClient({ baseUrl, auth: key });
let calls = 0;

interface Answered<Data, Fault> {
  readonly data?: Data;
  readonly error?: Fault;
  readonly response?: Response;
}

/** The data of a call that must succeed. */
async function ok<Data, Fault>(status: number, call: Promise<Answered<Data, Fault>>): Promise<Data> {
  const { data, error, response } = await call;
  assert.equal(response?.status, status, JSON.stringify(error));
  calls += 1;
  return data as Data;
}

/** The problem of a call that must be refused. */
async function refused<Data, Fault>(status: number, call: Promise<Answered<Data, Fault>>): Promise<Fault> {
  const { error, response } = await call;
  assert.equal(response?.status, status, JSON.stringify(error));
  assert.ok(error);
  calls += 1;
  return error;
}

const it = <Value>(value: Value | null | undefined): Value => {
  assert.ok(value !== undefined && value !== null);
  return value;
};

// The server and its definitions.
assert.equal((await ok(200, api.getSetup({ client })))?.needed, true);
assert.ok(it(await ok(200, api.getServer({ client }))).counts.collections > 20);
assert.ok(it(await ok(200, api.listCollections({ client }))).items.some(({ name }) => name === "cities"));
assert.equal(it(await ok(200, api.listRuleSets({ client }))).items.length, 5);
const books = {
  name: "books",
  fields: [{ name: "title", type: "text" as const, required: true }],
  rules: { list: "true" },
};
const created = it(await ok(201, api.createCollection({ client, body: books })));
assert.equal(created.verdicts?.list, "rowLocal");
const path = { collection: "books" };
assert.equal(it(await ok(200, api.getCollection({ client, path }))).fields[0]?.type, "text");
const changed = await ok(
  200,
  api.changeCollection({
    client,
    path,
    body: { rules: { list: null } },
    headers: { "If-Match": `"${created.schemaVersion}"` },
  }),
);
assert.equal(it(changed).rules.list ?? null, null);
assert.equal(
  (await refused(412, api.changeCollection({ client, path, body: {}, headers: { "If-Match": '"1"' } }))).code,
  "collection_changed",
);

// Records of a collection the document does not know.
const loose = it(
  await ok(201, api.createRecords({ client, path, body: { title: "Any" }, headers: { "Idempotency-Key": "one" } })),
);
assert.ok("title" in loose && loose.title === "Any");
assert.equal(it(await ok(200, api.listRecords({ client, path, query: { limit: 5, count: "exact" } }))).count, 1);

// Records of collections it does know.
const one = it(await ok(201, api.createCountriesRecords({ client, body: { id: "de", name: "Germany" } })));
assert.ok("name" in one && one.name === "Germany");
const two = it(
  await ok(
    201,
    api.createCountriesRecords({
      client,
      body: [
        { id: "fr", name: "France" },
        { id: "it", name: "Italy" },
      ],
    }),
  ),
);
assert.ok("items" in two && Array.isArray(two.items) && two.items.length === 2);
assert.equal(it(await ok(200, api.getCountriesRecord({ client, path: { id: "fr" } }))).name, "France");
const page = it(await ok(200, api.listCountriesRecords({ client, query: { sort: "-name", limit: 2 } })));
assert.deepEqual(
  page.items.map(({ name }) => name),
  ["Italy", "Germany"],
);
const rest = it(
  await ok(200, api.listCountriesRecords({ client, query: { sort: "-name", limit: 2, cursor: it(page.nextCursor) } })),
);
assert.equal(rest.nextCursor, null);
const found = it(
  await ok(200, api.queryCountriesRecords({ client, body: { filter: "name.startsWith($s)", params: { s: "G" } } })),
);
assert.equal(found.items[0]?.id, "de");
assert.equal(
  it(await ok(200, api.updateCountriesRecord({ client, path: { id: "de" }, body: { name: "Deutschland" } }))).name,
  "Deutschland",
);
assert.equal(
  it(await ok(201, api.replaceCountriesRecord({ client, path: { id: "es" }, body: { name: "Spain" } }))).name,
  "Spain",
);
const berlin = {
  id: "b",
  name: "Berlin",
  country: "de",
  feature: "PPLC",
  population: 3_600_000,
  place: { lat: 52.52, lng: 13.4 },
};
assert.ok("id" in it(await ok(201, api.createCitiesRecords({ client, body: berlin }))));
const expanded = it(await ok(200, api.listCitiesRecords({ client, query: { expand: "country" } }))).items[0]?.country;
assert.ok(typeof expanded === "object" && expanded !== null && "name" in expanded);
assert.equal(
  it(await ok(200, api.updateCitiesRecord({ client, path: { id: "b" }, body: { population: { $increment: 1 } } })))
    .population,
  3_600_001,
);
assert.equal(
  it(await ok(200, api.getCitiesRecord({ client, path: { id: "b" }, query: { fields: "id,place" } }))).place?.lat,
  52.52,
);
const imported = await ok(
  200,
  api.importCountriesRecords({ client, bodySerializer: null, body: '{"id":"pt","name":"Portugal"}\n{"id":"pl"}\n' }),
);
assert.ok(typeof imported === "object" && imported.imported === 1 && imported.failed === 1);
assert.equal(
  it(await ok(200, api.exportCountriesRecords({ client, parseAs: "text" })))
    .trim()
    .split("\n").length,
  5,
);
const batched = await ok(
  200,
  api.batch({
    client,
    body: {
      mode: "each",
      operations: [
        { op: "get", collection: "countries", id: "it" },
        { op: "get", collection: "countries", id: "none" },
      ],
    },
  }),
);
assert.deepEqual(
  it(batched).results.map(({ status }) => status),
  [200, 404],
);
assert.equal((await refused(409, api.deleteCountriesRecord({ client, path: { id: "de" } }))).code, "record_in_use");
await ok(204, api.deleteCitiesRecord({ client, path: { id: "b" } }));
const missing = await refused(404, api.getCitiesRecord({ client, path: { id: "b" } }));
assert.equal(missing.code, "record_not_found");
assert.equal(
  (
    await refused(
      401,
      api.signInAdmin({ client, auth: "", body: { email: "nobody@example.com", password: "a wrong one" } }),
    )
  ).code,
  "sign_in_failed",
);

// Keys.
const made = it(
  await ok(
    201,
    api.createApiKey({ client, body: { name: "Website", collections: { countries: ["list"] }, readOnly: true } }),
  ),
);
const narrow = createClient({ baseUrl, auth: made.secret });
assert.equal(it(await ok(200, api.listCountriesRecords({ client: narrow }))).items.length, 5);
await ok(204, api.deleteApiKey({ client, path: { id: made.id } }));

process.stdout.write(`${calls} calls\n`);
