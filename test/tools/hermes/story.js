// The core in React Native's engine: the same questions as in the other runtimes, against a server that is a function, since
// the bare engine has no network. Prints one JSON line; run.ts judges it.
import { append, createClient, defineSchema, increment, LandfallError } from "../../../sdk/dist/package/dist/index.js";

const schema = defineSchema({
  collections: {
    notes: {
      fields: {
        title: { type: "text", required: true },
        likes: { type: "integer" },
        tags: { type: "text", many: true },
        at: { type: "datetime" },
        place: { type: "geo" },
        owner: { type: "relation", collection: "people" },
      },
    },
    people: { fields: { name: { type: "text" } }, inverses: { notes: { collection: "notes", field: "owner" } } },
  },
});

const requests = [];
const warnings = [];
globalThis.navigator = { product: "ReactNative" };
globalThis.console = { warn: (line) => warnings.push(line) };

// The bare engine's timers know no time: they fire in the order they were set. Here the earliest fires, and only when
// everything that could go on without it has: each await of the compiled code takes turns of its own.
const nextTurn = globalThis.setTimeout;
const quietTurns = 500;
let now = 0;
let waiting = [];
let turning = false;

globalThis.setTimeout = (callback, ms = 0) => {
  const timer = { at: now + ms, callback };
  waiting.push(timer);
  if (!turning) turn(quietTurns);
  turning = true;
  return timer;
};
globalThis.clearTimeout = (timer) => {
  waiting = waiting.filter((one) => one !== timer);
};

function turn(left) {
  if (left > 0) return nextTurn(() => turn(left - 1), 0);
  waiting.sort((a, b) => a.at - b.at);
  const due = waiting.shift();
  turning = waiting.length > 0;
  if (turning) turn(quietTurns);
  if (due === undefined) return;
  now = due.at;
  due.callback();
}

/** The bare engine has none; React Native brings this one's shape. */
globalThis.AbortController = function AbortController() {
  const listeners = [];
  const signal = {
    aborted: false,
    addEventListener: (_, listener) => listeners.push(listener),
    removeEventListener: (_, listener) => listeners.splice(listeners.indexOf(listener), 1),
  };
  this.signal = signal;
  this.abort = (reason) => {
    signal.aborted = true;
    signal.reason = reason;
    for (const listener of listeners.slice()) listener();
  };
};

const answer = (status, body, headers = {}) => ({
  ok: status < 400,
  status,
  headers: { get: (name) => headers[name] ?? null },
  text: () => Promise.resolve(body === undefined ? "" : JSON.stringify(body)),
});

const record = { id: "n1", title: "Åse 𝒳", likes: 1, version: 1 };

function fetch(url, { method, headers, body, signal }) {
  const path = url.slice("http://localhost:4710/v1/".length);
  requests.push({
    method,
    path,
    key: headers["idempotency-key"],
    match: headers["if-match"],
    body: body && JSON.parse(body),
  });
  if (path.includes("slow"))
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  if (path.endsWith("/flaky") && requests.filter((one) => one.path === path).length < 3)
    return Promise.reject(new TypeError("Network request failed"));
  if (path.endsWith("/stale"))
    return Promise.resolve(
      answer(412, { code: "record_version_conflict", title: "Changed.", status: 412, requestId: "r1" }),
    );
  if (path.endsWith("records:query")) {
    const { cursor } = JSON.parse(body);
    const nextCursor = cursor === undefined ? "c1" : null;
    return Promise.resolve(answer(200, { items: [record], nextCursor, count: 2 }));
  }
  if (path === "batch") return Promise.resolve(answer(200, { results: [{ body: record }, { body: null }] }));
  return Promise.resolve(answer(200, record, { etag: '"e1.1"' }));
}

async function story() {
  const lf = createClient({
    url: "http://localhost:4710",
    schema,
    fetch,
    token: async () => "t",
    timeoutMs: 2_000,
    retries: 3,
  });
  const notes = lf.from("notes");
  const seen = {};
  seen.created = (await notes.create({ title: "Åse 𝒳", tags: ["a"] })).title;
  const pages = notes
    .filter({ title: { startsWith: "Å" }, or: [{ likes: { gt: 1 } }, { owner: { name: "Ann" } }] })
    .sort("-likes")
    .pages();
  seen.pages = [(await pages.next()).done, (await pages.next()).done, (await pages.next()).done];
  const each = notes[Symbol.asyncIterator]();
  seen.each = [(await each.next()).value.id, (await each.next()).value.id, (await each.next()).done];
  seen.filter = requests.find((one) => one.body && one.body.filter !== undefined).body.filter;
  seen.count = await notes
    .filter({ at: { gt: "2026-01-01T00:00:00Z" }, place: { near: { lat: 1, lng: 2, withinMetres: 5 } } })
    .count();
  await notes.update("n1", { likes: increment(2), tags: append("b") }, { ifVersion: 1 });
  seen.match = requests[requests.length - 1].match;
  seen.flaky = (await notes.upsert({ id: "flaky", title: "x" })).id;
  const tries = requests.filter((one) => one.path.endsWith("/flaky"));
  seen.tries = [tries.length, tries.every((one) => one.key === tries[0].key), /^[0-9a-f]{32}$/.test(tries[0].key)];
  const stale = await notes.update("stale", { title: "x" }).catch((error) => error);
  seen.stale = [stale instanceof LandfallError, stale instanceof Error, stale.name, stale.code, stale.requestId];
  seen.batch = await lf.batch((b) => [b.from("notes").update("n1", { likes: 2 }), b.from("notes").delete("n2")]);
  seen.late = (await notes.get("slow", { timeoutMs: 30 }).catch((error) => error)).code;
  const controller = new AbortController();
  const pending = notes.get("slow", { signal: controller.signal });
  controller.abort();
  seen.aborted = (await pending.catch((error) => error)).code;
  seen.warned = [warnings.length, warnings.join().includes("http://10.0.2.2:4710")];
  return seen;
}

story().then(
  (seen) => print(JSON.stringify(seen)),
  (error) => print(`FAILED ${error}\n${error.stack}`),
);
