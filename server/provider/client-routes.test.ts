// Clients as admins make them: what a client may look like, that its secret is shown once, and that a change counts at once.
import { describe, expect, test } from "vitest";
import { testServer } from "../../test/support/server.ts";
import { redirectFault } from "./client.ts";
import type { ClientType } from "./client-store.ts";
import { Browser } from "./provider.fixture.ts";

const server = testServer();
const web = { name: "Wiki", type: "web", redirectUris: ["https://wiki.example.com/cb"] };
const create = (body: object) => server.call("POST", "/v1/oauth/clients", body);

describe("T07 redirects", () => {
  const fine: [ClientType, string][] = [
    ["web", "https://app.example.com/cb?tenant=1"],
    ["web", "http://localhost:3000/cb"],
    ["spa", "http://127.0.0.1/cb"],
    ["native", "com.example.app:/cb"],
    ["native", "myapp://auth"],
    ["native", "http://127.0.0.1/cb"],
    ["native", "http://[::1]:8080/cb"],
    ["native", "https://app.example.com/cb"],
  ];
  test.each(fine)("%s %s may stand there", (type, uri) => {
    expect(redirectFault(type, uri)).toBeUndefined();
  });

  const wrong: [ClientType, string][] = [
    ["web", "http://app.example.com/cb"],
    ["web", "myapp://auth"],
    ["spa", "com.example.app:/cb"],
    ["web", "https://*.example.com/cb"],
    ["web", "https://app.example.com/cb#"],
    ["web", "https://user:pass@app.example.com/cb"],
    ["web", "https://app.example.com\\@evil.example/cb"],
    ["web", "https://app.example.com/ü"],
    ["web", "https://app.example.com/a b"],
    ["web", "https://app.example.com/\r\nx"],
    ["web", "/cb"],
    ["web", ""],
    ["native", "javascript:alert(1)"],
    ["native", "data:text/html,x"],
    ["native", "file:///etc/passwd"],
    ["native", "https://localhost/cb"],
    ["native", "http://192.168.0.7/cb"],
    ["web", `https://app.example.com/${"x".repeat(500)}`],
  ];
  test.each(wrong)("%s %j may not", (type, uri) => {
    expect(redirectFault(type, uri)).toBeTruthy();
  });
});

test("the secret is in one answer; what is kept and shown later is no secret", async () => {
  const made = await create(web);
  expect([made.status, made.json.hasSecret]).toEqual([201, true]);
  expect(made.json.secret).toMatch(/^lf_cli_[\w-]{32}$/);
  const shown = await server.call("GET", `/v1/oauth/clients/${made.json.id}`);
  expect(shown.json).toMatchObject({ id: made.json.id, name: "Wiki", collection: "users", registered: false });
  expect(shown.text + (await server.call("GET", "/v1/oauth/clients")).text).not.toContain(made.json.secret);
  const rows = await server.database.db.query({ text: `SELECT c::text FROM landfall."oauthClient" c` });
  expect(JSON.stringify(rows)).not.toContain(made.json.secret.slice(10));
});

test("a program on a person's device gets none, and cannot be given one", async () => {
  for (const type of ["spa", "native"]) {
    const made = await create({ ...web, type });
    expect([made.json.secret, made.json.hasSecret]).toEqual([null, false]);
    expect((await server.call("POST", `/v1/oauth/clients/${made.json.id}:rotate`, {})).status).toBe(422);
  }
});

test("what cannot be is refused with its place", async () => {
  const wrong: [object, number, string][] = [
    [{ ...web, redirectUris: [] }, 422, "/redirectUris"],
    [{ ...web, redirectUris: ["https://ok.example.com/", "http://no.example.com/"] }, 422, "/redirectUris/1"],
    [{ ...web, signOutRedirectUris: ["javascript:alert(1)"] }, 422, "/signOutRedirectUris/0"],
    [{ ...web, collections: { "*": ["list"] } }, 422, "/collections"],
    [{ name: "Robot", type: "machine" }, 422, "/collections"],
    [{ name: "Robot", type: "machine", collections: { "*": ["list"] }, redirectUris: ["https://a.example/"] }, 422, "/redirectUris"], // biome-ignore format: a table
    [{ name: "Robot", type: "machine", collections: { nothing: ["list"] } }, 422, "/collections/nothing"],
    [{ ...web, collection: "nothing" }, 404, ""],
    [{ ...web, scopes: ["admin"] }, 400, ""],
    [{ ...web, type: "other" }, 400, ""],
    [{ ...web, logoUrl: "javascript:alert(1)" }, 400, ""],
    [{ ...web, name: "a\u0007" }, 400, ""],
    [{ ...web, secret: "mine" }, 400, ""],
    [{ ...web, registered: true }, 400, ""],
  ];
  for (const [body, status, path] of wrong) {
    const answer = await create(body);
    expect([answer.status, JSON.stringify(answer.json.errors ?? []).includes(path)], JSON.stringify(body)).toEqual([status, true]); // biome-ignore format: one line
  }
});

test("a redirect that is taken away is refused at the next request", async () => {
  const { id } = (await create(web)).json;
  const ask = () =>
    new Browser().go(`http://localhost:${server.port}/oauth/authorize?${new URLSearchParams({ client_id: id, redirect_uri: web.redirectUris[0] as string, response_type: "code", scope: "openid", code_challenge: "x".repeat(43), code_challenge_method: "S256" })}`); // biome-ignore format: one line
  expect((await ask()).status).toBe(303);
  const changed = await server.call("PATCH", `/v1/oauth/clients/${id}`, {
    redirectUris: ["https://new.example.com/cb"],
  });
  expect(changed.json.redirectUris).toEqual(["https://new.example.com/cb"]);
  expect((await ask()).status).toBe(400);
  await server.call("DELETE", `/v1/oauth/clients/${id}`);
  expect((await server.call("GET", `/v1/oauth/clients/${id}`)).status).toBe(404);
  expect((await ask()).status).toBe(400);
});

test("each change is on record, with who made it", async () => {
  const { id } = (await create(web)).json;
  await server.call("PATCH", `/v1/oauth/clients/${id}`, { name: "Our wiki" });
  await server.call("POST", `/v1/oauth/clients/${id}:rotate`, {});
  await server.call("DELETE", `/v1/oauth/clients/${id}`);
  const text = `SELECT detail, actor FROM landfall.audit WHERE event = 'client_changed' AND detail ->> 'client' = $1 ORDER BY id`;
  const rows = await server.database.db.query<{ detail: { change: string }; actor: string }>({ text, values: [id] });
  expect(rows.map(({ detail, actor }) => `${detail.change} by ${actor}`)).toEqual([
    ...["created by service", "changed by service", "secret rotated by service", "deleted by service"],
  ]);
});

test("a collection that is dropped takes its clients with it", async () => {
  await server.call("POST", "/v1/collections", { name: "staff", kind: "auth", rules: { list: "id == auth.id" } });
  const { id } = (await create({ ...web, collection: "staff" })).json;
  expect((await server.call("DELETE", "/v1/collections/staff?confirm=loss")).status).toBe(204);
  expect((await server.call("GET", `/v1/oauth/clients/${id}`)).status).toBe(404);
});
