// What is there and invisible is answered like what is not there, at every door that writes: the doors times the bodies
// times the callers, each asked once of a missing record and once of an invisible one. Status, headers and body must be
// equal byte for byte; a taken id, for those who could have created it, is the one thing told (CONTRACT section 1).
import { beforeAll, expect, test } from "vitest";
import { type Answer, call, testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_RATE_PER_ADDRESS: "0", LANDFALL_RATE_PER_CREDENTIAL: "0" });
const papers = "/v1/collections/papers/records";
const referringMax = 10_000;

const people = [
  { id: "seen001", name: "seen" },
  { id: "ghost01", name: "ghost" },
];
/** One that nobody of the callers sees, one that they see and may not change, one of alice's own. */
const stored = [
  { id: "x000000", title: "hidden", n: 1, owner: "mallory", list: ["secret"] },
  { id: "shown00", title: "shown", n: 2, owner: "mallory", open: true },
  { id: "own0000", title: "own", n: 3, owner: "alice", secretPerson: "ghost01", secretPeople: ["ghost01"] },
];
const collections = [
  { name: "people", fields: [{ name: "name", type: "text" }], rules: { list: "name != 'ghost'" } },
  {
    name: "papers",
    fields: [
      { name: "title", type: "text", required: true, max: 20 },
      { name: "n", type: "integer" },
      { name: "owner", type: "text" },
      { name: "open", type: "bool" },
      { name: "list", type: "text", many: true },
      { name: "guarded", type: "text", rules: { write: "owner == 'nobody'" } },
      { name: "person", type: "relation", collection: "people" },
      { name: "people", type: "relation", collection: "people", many: true },
      { name: "secretPerson", type: "relation", collection: "people", rules: { read: "owner == 'nobody'" } },
      { name: "secretPeople", type: "relation", collection: "people", many: true, rules: { read: "owner == 'nobody'" } },
    ],
    indexes: [{ fields: ["n"], unique: true }],
    rules: {
      list: "owner == auth.id || open",
      create: "owner == auth.id",
      update: "owner == auth.id",
      delete: "owner == auth.id",
    },
  },
  {
    name: "pages",
    fields: [{ name: "paper", type: "relation", collection: "papers", onDelete: "cascade" }],
    rules: { list: "true" },
  },
]; // biome-ignore format: a table

const all = ["list", "get", "create", "update", "delete"];
const mayCreate = ["alice", "scoped"];
const callers: Record<string, string | null> = { anonymous: null };
let epoch = "";

beforeAll(async () => {
  const must = async (path: string, body: unknown): Promise<Answer> => {
    const answer = await server.call("POST", path, body);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  for (const collection of collections) await must("/v1/collections", { kind: "base", ...collection });
  await must("/v1/collections/people/records", people);
  const made = await must(papers, stored);
  epoch = (await server.call("GET", `${papers}/x000000`)).headers.get("etag")?.split(".")[0]?.slice(1) ?? "";
  expect(made.json.items).toHaveLength(3);
  // More than a request may delete by cascade: to count them must not tell that the record is there.
  await server.database.db.query({
    text: `INSERT INTO public.pages (id, paper) SELECT 'p' || n, 'x000000' FROM generate_series(0, ${referringMax}) n`,
  });
  const key = async (body: object) => (await must("/v1/api-keys", { name: "k", ...body })).json.secret as string;
  const alice = { id: "alice" };
  callers.alice = await key({ collections: { "*": all }, actAs: alice });
  callers.bob = await key({ collections: { "*": all }, actAs: { id: "bob" } });
  callers.aliceReading = await key({ collections: { "*": ["list", "get"] }, actAs: alice });
  callers.aliceChanging = await key({ collections: { papers: ["update", "delete"] }, actAs: alice });
  // One that may also update would pass the rules there: nothing is invisible to it.
  callers.scoped = await key({ collections: { papers: ["create"] } });
  callers.readOnly = await key({ collections: { "*": all }, actAs: alice, readOnly: true });
});

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}
type Door = (id: string, body: object) => Asked;

const at =
  (method: string, query = "", headers = {}): Door =>
  (id, body) => ({
    method,
    path: `${papers}/${id}${query}`,
    ...(method === "DELETE" ? {} : { body }),
    headers,
  });
const inBatch =
  (mode: string, op: string, more: object = {}): Door =>
  (id, body) => ({
    method: "POST",
    path: "/v1/batch",
    body: { mode, operations: [{ op: "list", collection: "people" }, { op, collection: "papers", id, ...(op === "delete" || op === "get" ? {} : { body }), ...more }] }, // biome-ignore format: one body
  });
const byImport =
  (query: string): Door =>
  (id, body) => ({
    method: "POST",
    path: `${papers}:import${query}`,
    body: `${JSON.stringify({ ...body, id })}\n`,
    headers: { "content-type": "application/x-ndjson" },
  });

/** `epoch` is known only when the server runs. */
function doors(): Record<string, Door> {
  const match = (tag: string) => ({ "if-match": tag });
  const none = { "if-none-match": "*" };
  const named: Record<string, Door> = {
    POST: (id, body) => ({ method: "POST", path: papers, body: { ...body, id } }),
    "POST array": (id, body) => ({ method: "POST", path: papers, body: [{ ...body, id }] }),
    import: byImport(""),
    "import atomic": byImport("?atomic=true"),
    "PUT create only": at("PUT", "", none),
    "upsert create only": at("PATCH", "?upsert=true", none),
  };
  for (const [method, query] of [["PATCH", ""], ["PATCH", "?upsert=true"], ["PUT", ""], ["DELETE", ""]] as const) // biome-ignore format: one line
    for (const [how, headers] of [["", {}], [" *", match("*")], [" version", match(`"${epoch}.1"`)]] as const) // biome-ignore format: one line
      named[`${method}${query}${how}`] = at(method, query, headers);
  for (const mode of ["each", "atomic"]) {
    for (const op of ["get", "create", "put", "patch", "delete"]) named[`${mode} ${op}`] = inBatch(mode, op);
    for (const op of ["put", "patch", "delete"]) named[`${mode} ${op} version`] = inBatch(mode, op, { version: 1 });
    named[`${mode} upsert`] = inBatch(mode, "patch", { upsert: true });
  }
  return named;
}

const whole = { title: "t", owner: "alice" };
const bodies: Record<string, object> = {
  whole,
  another: { title: "t", owner: "mallory" },
  taken: { ...whole, n: 2 },
  partial: { open: true, owner: "alice" },
  empty: {},
  impossible: { ...whole, title: "t".repeat(21) },
  malformed: { ...whole, title: 1 },
  unknown: { ...whole, nope: 1 },
  guarded: { ...whole, guarded: "x" },
  dangling: { ...whole, person: "nobody0" },
  operator: { list: { $append: "x" } },
};

let fresh = 0;
const missing = () => `x${String(++fresh).padStart(6, "0")}`;
const ask = (token: string | null, { method, path, body, headers }: Asked) =>
  call(server.url, method, path, body, { as: token, ...(headers ? { headers } : {}) });

/** Everything that went over the wire but the request's own id, the clock and the id that was asked for. */
function transcript({ status, headers, text }: Answer, id: string): string {
  const own = new Set(["date", "x-request-id"]);
  const shown = [...headers].filter(([name]) => !own.has(name)).map(([name, value]) => `${name}: ${value}`);
  const body = text.replace(/"requestId":"[^"]*"/g, '"requestId":""').replace(/"importId":"[^"]*"/g, '"importId":""');
  return `${status}\n${shown.join("\n")}\n\n${body}`.replaceAll(id, "ID");
}

const made = ({ status, json }: Answer): boolean =>
  status === 201 || (json?.imported ?? 0) > 0 || (json?.results ?? []).some((one: Answer) => one.status === 201);
/** `taken` at the id or a unique value, in whatever frame the door puts it; or the 412 of create-only. */
const toldTaken = ({ text }: Answer): boolean => /"code":"(taken|record_exists)"/.test(text);

test("A16 every door that writes answers an invisible record like a missing one", async () => {
  const wrong: string[] = [];
  let compared = 0;
  let declared = 0;
  const compare = async (who: string, door: string, asked: Door, named: string) => {
    const [token, body, id] = [callers[who] as string | null, bodies[named] as object, missing()];
    const [absent, invisible] = [await ask(token, asked(id, body)), await ask(token, asked("x000000", body))];
    compared += 1;
    const [a, b] = [transcript(absent, id), transcript(invisible, "x000000")];
    if (a === b) return;
    // Who could have created it, or would have met a taken value, learns that this id is taken; nothing else.
    const tells = mayCreate.includes(who) && (made(absent) || toldTaken(absent)) && toldTaken(invisible);
    if (tells) declared += 1;
    else wrong.push(`${who}, ${door}, ${named}: ${apart(a, b)}`);
  };
  for (const who of Object.keys(callers))
    for (const [door, asked] of Object.entries(doors())) {
      const few = mayCreate.includes(who) ? Object.keys(bodies) : ["whole", "taken", "malformed", "dangling"];
      const sent = /DELETE|delete|get/.test(door) ? ["whole"] : few;
      await Promise.all(sent.map((named) => compare(who, door, asked, named)));
    }
  expect(wrong).toEqual([]);
  expect([compared > 800, declared > 20]).toEqual([true, true]);
  const [left] = await server.database.db.query({ text: "SELECT title, n, owner, list FROM public.papers WHERE id = 'x000000'" }); // biome-ignore format: one line
  expect(left).toEqual({ title: "hidden", n: 1, owner: "mallory", list: ["secret"] });
}, 120_000);

test("A16 a relation to an invisible record is answered like one to no record, at every door that writes", async () => {
  const wrong: string[] = [];
  const statuses = new Set<number>();
  const values = (field: string, id: string): unknown[] =>
    field.endsWith("ople") ? [[id], ["seen001", id], { $append: id }, { $remove: id }] : [id];
  for (const who of ["alice", "aliceChanging", "scoped"])
    for (const [door, asked] of Object.entries(doors()).filter(([name]) => mayCreate.includes(who) || name === "PATCH"))
      for (const field of ["person", "people", "secretPerson", "secretPeople"])
        for (const [n, ghost] of values(field, "ghost01").entries()) {
          if (/DELETE|delete|get|\*|version/.test(door) || (n > 0 && /only|each/.test(door))) continue;
          // Of alice's own record, which holds the ghost where she cannot read it, or of a new one.
          const isNew = /create|POST|import/.test(door);
          const shown: string[] = [];
          for (const [target, value] of [["nobody0", values(field, "nobody0")[n]], ["ghost01", ghost]] as const) {
            const id = isNew ? missing() : "own0000";
            if (!isNew) await call(server.url, "PATCH", `${papers}/own0000`, { secretPerson: "ghost01", secretPeople: ["ghost01"] });
            const answer = await ask(callers[who] as string, asked(id, { ...whole, [field]: value }));
            statuses.add(answer.status);
            shown.push(unstamped(transcript(answer, id).replaceAll(target, "TARGET")));
          }
          const [a, b] = shown as [string, string];
          if (a !== b) wrong.push(`${who}, ${door}, ${field} ${JSON.stringify(ghost)}: ${apart(a, b)}`);
        } // biome-ignore format: deep
  expect(wrong).toEqual([]);
  expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 422]));
}, 120_000);

/** Without what every successful write draws anew. */
const unstamped = (text: string): string =>
  text
    .replace(/^etag: .*$/gm, "etag")
    .replace(/"etag":"(?:[^"\\]|\\.)*"/g, "")
    .replace(/"version":\d+/g, "")
    .replace(/"(createdAt|updatedAt)":"[^"]*"/g, "")
    .replace(/^content-length: .*$/gm, "content-length");

function apart(a: string, b: string): string {
  const from = [...a].findIndex((letter, n) => letter !== b[n]);
  const near = (text: string) => text.slice(Math.max(0, from - 60), from + 120).replaceAll("\n", " ");
  return `${a.slice(0, 3)} ${b.slice(0, 3)}\n  missing:   ${near(a)}\n  invisible: ${near(b)}`;
}

test("what may be seen and not be changed says 403, at every door, whatever else is wrong", async () => {
  const answers = new Map<string, number>();
  for (const door of ["PATCH", "PATCH *", "PUT", "PUT *", "DELETE", "each patch", "each put", "each delete", "each upsert"]) {
    const { status, json } = await ask(callers.alice as string, (doors()[door] as Door)("shown00", whole));
    answers.set(door, json?.results?.at(-1).status ?? status);
  } // biome-ignore format: one list
  expect([...answers].filter(([, status]) => status !== 403)).toEqual([]);
});
