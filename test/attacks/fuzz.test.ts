// 20,000 hostile requests made from the server's own OpenAPI document, as several principals. No 5xx, no crash, no stall, and
// nothing of the inside in any answer.
import { request } from "node:http";
import { expect, test } from "vitest";
import { type FuzzRequest, fuzzRequests } from "../support/fuzz.ts";
import { seeded } from "../support/random.ts";
import { serviceKey, testServer } from "../support/server.ts";

const requests = 20_000;
const parallel = 16;
const server = testServer({
  LANDFALL_RATE_PER_CREDENTIAL: "0",
  LANDFALL_RATE_PER_ADDRESS: "0",
  LANDFALL_LOG_LEVEL: "error",
});

/** What no answer may show: SQL, stacks, paths, the names of constraints and of our own tables. */
const inside =
  /SELECT .* FROM|INSERT INTO|at .*\.(ts|js):\d+|node_modules|landfall\.[a-z]+\b.*relation|violates|pg_|_pkey|_fkey|syntax error at/i;

test("no hostile input causes a 5xx, a crash, a stall, or shows the inside", async () => {
  await server.call("POST", "/v1/collections", {
    name: "posts",
    kind: "base",
    fields: [
      { name: "title", type: "text", required: true, max: 200 },
      { name: "status", type: "select", values: ["draft", "open"] },
      { name: "likes", type: "integer" },
      { name: "price", type: "decimal" },
      { name: "tags", type: "text", many: true },
      { name: "meta", type: "json" },
      { name: "place", type: "geo" },
      { name: "at", type: "datetime" },
      { name: "parent", type: "relation", collection: "posts", onDelete: "setNull", inverse: "children" },
      { name: "secret", type: "text", hidden: true },
    ],
    indexes: [{ fields: ["title"], unique: true }],
    rules: { list: "true", create: "auth.signedIn", update: "auth.signedIn", delete: "auth.id == 'u1'" },
  });
  const actions = ["list", "get", "create", "update", "delete"];
  const made = await server.call("POST", "/v1/api-keys", {
    name: "fuzz",
    collections: { "*": actions },
    actAs: { id: "u1", roles: [], teams: [], claims: {} },
  });
  const document = (await server.call("GET", "/v1/openapi.json")).json;
  const principals = [null, made.json.secret, serviceKey, "lf_key_wrong"] as const;
  const supply = fuzzRequests(document, {
    random: seeded(Number(process.env.FUZZ_SEED ?? 20_261_120)),
    known: {
      collection: ["posts", "posts", "posts", "nope"],
      id: ["post-1", "post-2", "nope"],
      filter: [
        "status == 'open'",
        "likes > 1 && tags.exists(t, t == 'a')",
        "meta.a.b == 1",
        "parent.title.startsWith('x')",
        "secret == 'x'",
        "1/0 == 1",
        "matches(title, '(a|b){1,50}')",
      ],
      sort: ["-createdAt", "title,-likes", "secret", "nope"],
      fields: ["id,title", "secret", "parent.title"],
      expand: ["parent", "children(limit:2)", "parent.parent.parent.parent", "nope"],
      limit: ["1", "1000", "0", "1e3"],
    },
  });

  const wrong: string[] = [];
  const statuses = new Map<number, number>();
  let sent = 0;
  const worker = async () => {
    for (const hostile of supply) {
      if (sent++ >= requests || wrong.length > 5) return;
      const as = principals[sent % principals.length] as string | null;
      // The console's own doors stay open: the service key and the admin may end sessions and keys, not the test.
      const answer = await send(hostile, as);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const fault = faultOf(answer);
      if (fault)
        wrong.push(
          `${fault}: ${hostile.method} ${hostile.path} ${JSON.stringify(hostile.headers)} ${hostile.body?.slice(0, 500)} -> ${answer.text.slice(0, 400)}`,
        );
    }
  };
  // The generator is shared: an early return of one worker must not close it for the others.
  supply.return = undefined as never;
  await Promise.all(Array.from({ length: parallel }, worker));
  expect(wrong).toEqual([]);
  // Some requests must get through, or nothing was tested.
  expect(statuses.get(200) ?? 0).toBeGreaterThan(requests / 50);
  expect(statuses.get(400) ?? 0).toBeGreaterThan(requests / 20);
  expect((await server.call("GET", "/readyz", undefined, { as: null })).status).toBe(200);
  const metrics = (await server.call("GET", "/metrics")).text;
  const stallSeconds = Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(metrics)?.[1]);
  expect(stallSeconds).toBeLessThan(0.2);
}, 55_000);

interface Answered {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

function faultOf(answer: Answered): string | undefined {
  if (answer.status >= 500) return `status ${answer.status}`;
  if (answer.status >= 400 && answer.contentType !== "application/problem+json")
    return `a ${answer.status} of type ${answer.contentType}`;
  return answer.status >= 400 && inside.test(answer.text) ? "the inside shows" : undefined;
}

/** `fetch` refuses or mends many hostile requests; node:http sends them as they are. */
function send(hostile: FuzzRequest, as: string | null): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = { ...hostile.headers, ...(as === null ? {} : { authorization: `Bearer ${as}` }) };
    const out = request(
      { host: "127.0.0.1", port: server.port, method: hostile.method, path: hostile.path, headers },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          if (text.length < 100_000) text += chunk;
        });
        incoming.on("end", () =>
          resolve({ status: incoming.statusCode ?? 0, contentType: incoming.headers["content-type"] ?? "", text }),
        );
      },
    );
    out.on("error", reject);
    out.end(hostile.body);
  });
}
