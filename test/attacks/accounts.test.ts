// The account behind a record, attacked through the doors of records: no generic write makes it another one, empties it, doubles it
// or gives it away, whoever writes; and no wording of a sign-in moves a device, a budget or a session from one to another.
import { beforeAll, describe, expect, test } from "vitest";
import { adorn, identitySettings, newPerson, openIdentities, type Person } from "../support/identity-world.ts";
import { serviceKey, testServer } from "../support/server.ts";

const server = testServer(identitySettings);
const records = "/v1/collections/users/records";
const canary = "kanari-acc0unt";
let ann: Person;

beforeAll(async () => {
  await openIdentities(server.url);
  ann = await newPerson(server.url, server.database.db);
  await adorn(server.database.db, ann, canary);
});

const rows = (text: string, ...values: unknown[]) => server.database.db.query<{ row: string }>({ text, values });
/** All that hangs on the account, and the account, but not when it was last seen. */
async function accountOf(id: string): Promise<string> {
  const found = await rows(
    `SELECT (to_jsonb(a) - 'updatedAt' || jsonb_build_object(
       'sessions', (SELECT count(*) FROM landfall."userSession" WHERE "accountId" = a.id), 'passkeys', (SELECT count(*) FROM landfall.passkey WHERE "accountId" = a.id),
       'factors', (SELECT count(*) FROM landfall.factor WHERE "accountId" = a.id), 'teams', (SELECT count(*) FROM landfall."teamMember" WHERE "accountId" = a.id)))::text AS row
     FROM landfall.account a WHERE a."recordId" = $1`,
    id,
  );
  return found.map(({ row }) => row).join("\n");
}

describe("writing the record of a user leaves their account as it is", () => {
  const ways: readonly (readonly [name: string, write: (as: string) => Promise<{ status: number; text: string }>])[] = [
    ["PATCH", (as) => server.call("PATCH", `${records}/${ann.id}`, { name: "a" }, { as })],
    ["PATCH with its own id", (as) => server.call("PATCH", `${records}/${ann.id}`, { id: ann.id, name: "b" }, { as })],
    ["PUT", (as) => server.call("PUT", `${records}/${ann.id}`, { name: "c" }, { as })],
    ["PATCH as an upsert", (as) => server.call("PATCH", `${records}/${ann.id}?upsert=true`, { name: "d" }, { as })],
    ["a batch", (as) => server.call("POST", "/v1/batch", { mode: "atomic", operations: ["patch", "put"].map((op) => ({ op, collection: "users", id: ann.id, body: { name: op } })) }, { as })],
    ["an import over it", (as) => server.call("POST", `${records}:import?mode=upsert`, `${JSON.stringify({ id: ann.id, name: "e" })}\n`, { as, headers: { "content-type": "application/x-ndjson" } })],
    ["fields that an account has", (as) => server.call("PATCH", `${records}/${ann.id}`, { email: "x@example.com", passwordHash: "x", roles: ["admin"] }, { as })],
    ["an id of one's choice", (as) => server.call("PATCH", `${records}/${ann.id}`, { id: "chosen" }, { as })],
  ]; // biome-ignore format: a table
  test.each(ways)("%s", async (_, write) => {
    const before = await accountOf(ann.id);
    expect(before).toContain(canary);
    for (const as of [serviceKey, ann.accessToken]) expect((await write(as)).status).toBeLessThan(500);
    expect(await accountOf(ann.id)).toBe(before);
    expect((await server.call("GET", "/v1/auth/me", undefined, { as: ann.accessToken })).status).toBe(200);
  });

  test("UPDATE by SQL that names the id and changes nothing", async () => {
    const before = await accountOf(ann.id);
    await rows("UPDATE public.users SET id = id, name = 'f' WHERE id = $1", ann.id);
    expect(await accountOf(ann.id)).toBe(before);
  });
});

describe("auth.id is one person", () => {
  test("no other collection of users takes an id that is somebody's, by no way of writing", async () => {
    const staff = "/v1/collections/staff/records";
    const before = await accountOf(ann.id);
    const ndjson = { headers: { "content-type": "application/x-ndjson" } };
    const answers = [
      await server.call("POST", staff, { id: ann.id, name: "x" }),
      await server.call("POST", staff, [{ id: ann.id }, { name: "y" }]),
      await server.call("PUT", `${staff}/${ann.id}`, { name: "x" }),
      await server.call("PATCH", `${staff}/${ann.id}?upsert=true`, { name: "x" }),
    ];
    for (const { status, text } of answers) {
      expect(status, text).toBe(409);
      expect(text).not.toMatch(/account|recordId_key|landfall\./);
    }
    const lines = `${JSON.stringify({ id: ann.id })}\n`;
    const imported = await server.call("POST", `${staff}:import`, lines, ndjson);
    expect(imported.status, imported.text).toBeLessThan(500);
    expect(await rows("SELECT id AS row FROM public.staff WHERE id = $1", ann.id)).toEqual([]);
    expect(await accountOf(ann.id)).toBe(before);
  });

  test("a user of one collection is nobody under the rules of another, and nobody's own there", async () => {
    const inStaff = await newPerson(server.url, server.database.db, "staff");
    const { status } = await server.call("GET", `${records}/${ann.id}`, undefined, { as: inStaff.accessToken });
    expect(status).toBe(404);
    const me = await server.call("GET", "/v1/auth/me", undefined, { as: inStaff.accessToken });
    expect(me.json.user.id).toBe(inStaff.id);
  });

  test("T01 a stranger makes no user by the door of records, under no id and as nobody", async () => {
    const count = async () => (await rows("SELECT count(*)::text AS row FROM landfall.account"))[0]?.row;
    const before = await count();
    for (const as of [null, ann.accessToken])
      for (const body of [{}, { id: "chosen" }, { id: crypto.randomUUID() }, { name: "x" }]) {
        const { status } = await server.call("POST", records, body, { as });
        expect([400, 403, 404]).toContain(status);
      }
    expect(await count()).toBe(before);
  });

  test("A13 the tables of accounts are no collections, and no definition takes their place", async () => {
    const names = ["account", "identity", "device", "userSession", "factor", "recoveryCode", "passkey", "challenge", "team", "teamMember", "signingKey", "authSetting", "audit", "credentialChange"]; // biome-ignore format: a list
    for (const name of names) {
      const { status } = await server.call("GET", `/v1/collections/${name}/records`);
      expect(status, name).toBe(404);
      const filtered = await server.call("GET", `${records}?${new URLSearchParams({ filter: `collection("${name}").exists(x, true)` })}`, undefined, { as: ann.accessToken }); // biome-ignore format: one line
      expect(filtered.status, name).toBe(400);
    }
  });
});

describe("T20 a budget is one address's, whatever the request says about itself", () => {
  test("spoofed headers buy no further try", async () => {
    await rows("DELETE FROM landfall.throttle");
    const spoofed = (n: number) => ({ "x-forwarded-for": `198.51.100.${n}`, "x-real-ip": `198.51.100.${n}`, "cf-connecting-ip": `198.51.100.${n}`, "true-client-ip": `198.51.100.${n}`, forwarded: `for=198.51.100.${n}`, "x-client-ip": `198.51.100.${n}` }); // biome-ignore format: one line
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => server.call("POST", "/v1/auth/sign-in/anonymous", {}, { as: null, headers: spoofed(n) })), // biome-ignore format: one line
    );
    const [made, refused] = [201, 429].map((wanted) => answers.filter(({ status }) => status === wanted));
    // 30 at once, and one more for each 20 s that the hundred took.
    expect(made?.length).toBeGreaterThanOrEqual(30);
    expect(made?.length).toBeLessThanOrEqual(32);
    expect(refused?.length).toBe(100 - (made?.length ?? 0));
    expect(refused?.every(({ headers }) => Number(headers.get("retry-after")) > 0)).toBe(true);
    await rows("DELETE FROM landfall.throttle");
  });
});

describe("T10 T24 odd shapes in place of tokens", () => {
  const odd: readonly unknown[] = [null, {}, [], ["x"], 0, 1, true, { $ne: null }, { $regex: ".*" }, { toString: "x" }, "", " ", "\u0000", "\ud800", "lf_ref_", `lf_ref_${"A".repeat(70)}`, `lf_ref_${"A".repeat(100_000)}`, "null"]; // biome-ignore format: a list
  test("a refresh token is a text of ours, or it is refused with 400 or 401 and nothing else", async () => {
    const before = await accountOf(ann.id);
    for (const refreshToken of odd)
      for (const body of [{ refreshToken }, { refreshToken: [refreshToken] }, [{ refreshToken }]]) {
        const { status, text } = await server.call("POST", "/v1/auth/refresh", JSON.stringify(body), { as: null });
        expect([400, 401], text).toContain(status);
      }
    expect(await accountOf(ann.id)).toBe(before);
  });

  test("a collection that is no collection of users is answered like one that is not there", async () => {
    await server.call("POST", "/v1/collections", { name: "notes", rules: { list: "true" } });
    for (const path of ["/v1/auth/sign-in/anonymous", "/v1/auth/methods"]) {
      const ask = async (collection: string) => {
        const isGet = path.endsWith("methods");
        const { status, text, headers } = await server.call(isGet ? "GET" : "POST", isGet ? `${path}?collection=${collection}` : path, isGet ? undefined : { collection }, { as: null }); // biome-ignore format: one line
        return `${status} ${[...headers.keys()].sort()} ${text.replace(/"requestId":"[^"]*"/, "")}`;
      };
      expect(await ask("notes")).toBe(await ask("nowhere"));
      expect(await ask("account")).toBe(await ask("nowhere"));
    }
  });
});

test("T31 tokens travel to any origin only where no cookie could, and are kept by no cache", async () => {
  const headers = { origin: "https://evil.example" };
  const signedIn = await server.call("POST", "/v1/auth/sign-in/anonymous", {}, { as: null, headers });
  expect(signedIn.status).toBe(201);
  expect(signedIn.headers.get("set-cookie")).toBeNull();
  expect(signedIn.headers.get("access-control-allow-credentials")).toBeNull();
  expect(signedIn.headers.get("cache-control")).toBe("no-store");
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    const { status } = await server.call("POST", "/v1/auth/sign-in/anonymous", "{}", { as: null, headers: { ...headers, "content-type": type } }); // biome-ignore format: one line
    expect([400, 415]).toContain(status);
  }
});
