// The guides: the collections they print are made, their code is type-checked and run, their commands are run, their outputs
// compared. One server, one reader after the other.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DefinedCollection, schemaModule, schemaOf } from "@landfall/client/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docsFolder } from "../../docs/site/library.ts";
import { callsIn, runCode } from "../support/printed-code.ts";
import { printedPage, type Reader, reader } from "../support/printed-page.ts";
import { serviceKey, testServer } from "../support/server.ts";

const server = testServer();
let ann: Reader;
let key = "";

beforeAll(async () => {
  const everything = { "*": ["list", "get", "create", "update", "delete"] };
  const made = await server.call("POST", "/v1/api-keys", {
    name: "ann",
    actAs: { id: "ann" },
    collections: everything,
  });
  key = made.json.secret;
  // The last two are for commands that work on the database itself: what the server was started with.
  const place = { DATABASE_URL: server.database.url, LANDFALL_DATA_DIR: server.dataDir };
  ann = reader(server.port, {}, { LANDFALL_SERVICE_KEY: serviceKey, LANDFALL_KEY: key, ...place });
  await ann.follow(printedPage("guides/collections.md"));
  for (const [id, name] of [
    ["ann", "Ann"],
    ["bob", "Bob"],
  ]) {
    await server.call("POST", "/v1/collections/users/records", { id, name });
  }
}, 60_000);
afterAll(() => ann.end());

test("the code of the guides compiles against the printed schema and runs", async () => {
  const { items } = (await server.call("GET", "/v1/collections")).json as { items: DefinedCollection[] };
  const schema = schemaModule(schemaOf(items));
  const blocks = {
    "guides/client.md": 4,
    "guides/queries.md": 4,
    "guides/writes.md": 5,
    "guides/handling-errors.md": 1,
  };
  const pages = Object.fromEntries(Object.keys(blocks).map((file) => [file, printedPage(file)]));
  // What those who come from elsewhere are told to write instead.
  const from = ["supabase", "firebase", "pocketbase"].map((name) => `coming-from/${name}.md`);
  const calls = Object.fromEntries(
    from.map((file) => [file, callsIn(readFileSync(join(docsFolder, file), "utf8"), "Calls")]),
  );
  for (const [file, found] of Object.entries(calls)) expect(found.length, file).toBeGreaterThan(12);
  expect(await runCode(pages, { url: server.url, schema, key }, calls)).toEqual(blocks);
}, 60_000);

test.each([
  ["guides/queries.md", { commands: 1, compared: 0 }],
  ["guides/api-keys.md", { commands: 1, compared: 0 }],
  ["guides/testing-rules.md", { commands: 2, compared: 1 }],
  ["guides/import-export.md", { commands: 3, compared: 0 }],
  ["guides/backup.md", { commands: 2, compared: 0 }],
  ["guides/sign-in-with.md", { commands: 2, compared: 0 }],
  ["guides/monitoring.md", { commands: 3, compared: 0 }],
  ["guides/sign-in.md", { commands: 8, compared: 0 }],
  ["guides/mail.md", { commands: 2, compared: 0 }],
  // The last one: it goes to another folder.
  ["guides/definitions.md", { commands: 5, compared: 2 }],
])(
  "the commands of %s do what it says",
  async (file, done) => {
    expect(await ann.follow(printedPage(file))).toEqual(done);
  },
  60_000,
);
