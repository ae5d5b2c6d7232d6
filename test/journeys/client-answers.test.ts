// What the client's types say of the answer to a write holds where the server answers id and version alone: to a key that may
// write and not read, and to the repeat of a large write whose answer got lost.
import { createClient, defineSchema, type FetchLike } from "@landfall/client";
import { beforeAll, describe, expect, test } from "vitest";
import { serviceKey, testServer } from "../support/server.ts";

const server = testServer();
const schema = defineSchema({
  collections: { notes: { fields: { text: { type: "text", required: true }, likes: { type: "integer" } } } },
});
const all = createClientOf(() => serviceKey);
let secret = "";

function createClientOf(token: () => string, fetch?: FetchLike) {
  return () => createClient({ url: server.url, schema, token, ...(fetch ? { fetch } : {}) }).from("notes");
}

beforeAll(async () => {
  const fields = [
    { name: "text", type: "text", required: true },
    { name: "likes", type: "integer" },
  ];
  const made = await server.call("POST", "/v1/collections", { name: "notes", kind: "base", fields });
  expect(made.status, made.text).toBe(201);
  const collections = { notes: ["create", "update", "delete"] };
  const key = await server.call("POST", "/v1/api-keys", { name: "sensor", collections });
  expect(key.status, key.text).toBe(201);
  secret = key.json.secret;
});

describe("a key that may write and not read", () => {
  test("is answered receipts by a client made for writing only", async () => {
    const lf = createClient({ url: server.url, schema, token: secret, writeOnly: true });
    const notes = lf.from("notes");
    const receipt = { id: expect.any(String), version: expect.any(Number) };
    const made = await notes.create({ text: "one" });
    expect(made).toEqual(receipt);
    expect(await notes.create([{ text: "two" }, { text: "three" }])).toEqual([receipt, receipt]);
    expect(await notes.update(made.id, { likes: 1 })).toEqual({ id: made.id, version: expect.any(Number) });
    expect(await notes.upsert({ id: made.id, text: "again" })).toEqual({ id: made.id, version: expect.any(Number) });
    expect(await notes.upsert([{ id: "n1", text: "new" }])).toEqual([{ id: "n1", version: expect.any(Number) }]);
    const answers = await lf.batch((b) => [
      b.from("notes").update("n1", { likes: 2 }),
      b.from("notes").delete(made.id),
    ]);
    expect(answers).toEqual([{ id: "n1", version: expect.any(Number) }, null]);
    expect(await all().get("n1")).toMatchObject({ text: "new", likes: 2 });
  });

  test("is told that the write is done when the client promises records", async () => {
    await expect(createClientOf(() => secret)().update("n1", { likes: 7 })).rejects.toMatchObject({
      name: "LandfallError",
      code: "answer_withheld",
      message: expect.stringContaining("The write is done (notes/n1"),
      retryable: false,
    });
    expect(await all().get("n1")).toMatchObject({ likes: 7 });
  });
});

test("a client made for writing only is answered receipts also where it could read", async () => {
  const { from } = createClient({ url: server.url, schema, token: serviceKey, writeOnly: true });
  expect(Object.keys(await from("notes").create({ text: "open" }))).toEqual(["id", "version"]);
});

describe("a large write whose answer got lost", () => {
  /** Lets each request reach the server and drops the first answer. */
  function losing(): { fetch: FetchLike; requests: () => number } {
    let requests = 0;
    const lossy = async (url: string, init: RequestInit) => {
      const response = await fetch(url, init);
      if (requests++ > 0) return response;
      await response.arrayBuffer();
      throw new TypeError("the connection broke");
    };
    return { fetch: lossy as unknown as FetchLike, requests: () => requests };
  }
  const long = "x".repeat(70_000);

  test("of one record comes back whole", async () => {
    const { fetch, requests } = losing();
    const made = await createClientOf(() => serviceKey, fetch)().create({ text: long });
    expect(made).toEqual(await all().get(made.id));
    expect(requests()).toBe(3); // the write, its repeat, and the record itself
  });

  test("of many comes back whole and in order, once written", async () => {
    const { fetch, requests } = losing();
    const texts = Array.from({ length: 1000 }, (_, n) => `${n} ${"y".repeat(100)}`);
    const made = await createClientOf(() => serviceKey, fetch)().create(texts.map((text) => ({ text })));
    expect(made.map(({ text }) => text)).toEqual(texts);
    expect(requests()).toBe(3);
    expect(
      await all()
        .filter({ text: { startsWith: "999 y" } })
        .count(),
    ).toBe(1);
  });

  test("of a batch comes back whole, deletions as null", async () => {
    const { fetch } = losing();
    const { id } = await all().create({ text: "to go" });
    const lf = createClient({ url: server.url, schema, token: serviceKey, fetch });
    const [first, gone, second] = await lf.batch((b) => {
      const notes = b.from("notes");
      return [notes.create({ text: long }), notes.delete(id), notes.create({ text: "small" })];
    });
    expect([first.text, gone, second.text]).toEqual([long, null, "small"]);
  });
});
