// The collections and rows on which the two back ends and the plain interpreter are compared: every field type, nulls
// everywhere they may stand, texts beyond the BMP, numbers at the edges, json of every kind.
import { listOf, type RowField, type RowType, relationTo, types } from "@landfall/client/cel";
import type { Db } from "../../server/kernel/db/index.ts";

type Row = { readonly [field: string]: unknown };
export type World = { readonly [collection: string]: readonly Row[] };

const field = (type: RowField["type"], nullable = true): RowField => ({ type, nullable });
const system: readonly [string, RowField][] = [
  ["id", field(types.string, false)],
  ["version", field(types.int, false)],
];

function rowType(
  collection: string,
  fields: { [name: string]: RowField },
  inverses: RowType["inverses"] = new Map(),
): RowType {
  return { collection, fields: new Map([...system, ...Object.entries(fields)]), inverses };
}

const users = rowType(
  "users",
  {
    name: field(types.string),
    nick: field(types.string, false),
    age: field(types.int),
    score: field(types.double),
    active: field(types.bool),
    info: field(types.json),
    home: field(types.geo),
    boss: field(relationTo("users")),
    friends: field(listOf(relationTo("users")), false),
    langs: field(types.strings, false),
    marks: field(listOf(types.int), false),
    notes: field(listOf(types.json), false),
  },
  new Map([
    ["posts", { collection: "posts", field: "author" }],
    ["edited", { collection: "posts", field: "editors" }],
    ["staff", { collection: "users", field: "boss" }],
  ]),
);

const posts = rowType("posts", {
  title: field(types.string),
  body: field(types.string, false),
  likes: field(types.int),
  count: field(types.int, false),
  rating: field(types.double),
  rate: field(types.double, false),
  price: field(types.decimal),
  open: field(types.bool),
  flag: field(types.bool, false),
  at: field(types.timestamp),
  made: field(types.timestamp, false),
  day: { ...field(types.string), date: true },
  data: field(types.json),
  place: field(types.geo),
  spot: field(types.geo, false),
  author: field(relationTo("users")),
  owner: field(relationTo("users"), false),
  tags: field(types.strings, false),
  nums: field(listOf(types.int), false),
  ratios: field(listOf(types.double), false),
  blobs: field(listOf(types.json), false),
  prices: field(listOf(types.decimal), false),
  times: field(listOf(types.timestamp), false),
  days: { ...field(types.strings, false), date: true },
  editors: field(listOf(relationTo("users")), false),
});

export const rowTypes: ReadonlyMap<string, RowType> = new Map([
  ["users", users],
  ["posts", posts],
]);

export const pools = {
  string: [
    "",
    "a",
    "A",
    "ab",
    "aB",
    "b",
    "Z",
    "é",
    "ß",
    "\uffff",
    "\ue000",
    "\u{10000}",
    "\u{1f600}",
    "a\u{1f600}b",
    "%",
    "_",
    "\\",
    "'",
    '"',
    "{}",
    "$1",
    "--",
    "2026-01-01T00:00:00Z",
    "2024-02-29T23:59:59.9999+14:00",
    "2023-02-29T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "2024-02-29",
    "u1",
    "u2",
    "aaaa",
  ],
  int: [0, 1, -1, 2, 3, 7, -7, 100, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, 2 ** 52, 94_906_267],
  double: [
    0,
    1,
    -1,
    0.5,
    -1.5,
    0.1,
    3,
    1e16,
    1e-7,
    1e150,
    1e-200,
    1.5e308,
    -1.5e308,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    1e-320,
    9007199254740992,
  ],
  decimal: ["0", "1.50", "1.5", "-2", "123456789012345678901234567890.5", "0.1", "0.10000000000000000001", "100"],
  bool: [true, false],
  timestamp: [
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:00.001Z",
    "1969-12-31T23:59:59.999Z",
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "2024-02-29T12:00:00.000Z",
  ],
  day: ["2026-01-01", "0001-01-01", "9999-12-31", "2024-02-29"],
  json: [
    {},
    [],
    "",
    "a",
    0,
    1,
    0.1,
    1e300,
    true,
    false,
    { a: null },
    { a: 1 },
    { a: "a" },
    { a: true },
    { a: [1, "a", null] },
    { a: { b: 1 } },
    { b: [], a: 1 },
    [1, 2, 3],
    ["a"],
    [null],
    { a: { b: null, "k'\"": 2 } },
    { a: 1e-7, b: "x" },
    { "k'\"": "quote" },
    [{ a: 1 }, { a: "x" }],
    "\u{1f600}",
  ],
  geo: [
    { lat: 52.5, lng: 13.4 },
    { lat: 0, lng: 0 },
    { lat: -90, lng: 180 },
    { lat: 90, lng: -180 },
    { lat: 5e-324, lng: 1e-200 },
    { lat: 48.1, lng: 11.5 },
  ],
  duration: ["0s", "1ms", "1h30m", "-24h", "8760h", "100000000h"],
} as const;

const userIds = ["u1", "u2", "u3", "u4"];

/** Rows of both collections; `draw(n)` gives a number from 0 to n-1. */
export function makeWorld(draw: (n: number) => number, sizes = { users: 4, posts: 24 }): World {
  const pick = <T>(list: readonly T[]): T => list[draw(list.length)] as T;
  const maybe = <T>(value: T): T | null => (draw(4) === 0 ? null : value);
  const several = <T>(list: readonly T[]): T[] => Array.from({ length: draw(4) }, () => pick(list));
  const ids = userIds.slice(0, sizes.users);
  return {
    users: ids.map((id) => ({
      id,
      version: 1 + draw(3),
      name: maybe(pick(pools.string)),
      nick: pick(pools.string),
      age: maybe(pick(pools.int)),
      score: maybe(pick(pools.double)),
      active: maybe(pick(pools.bool)),
      info: maybe(pick(pools.json)),
      home: maybe(pick(pools.geo)),
      boss: maybe(pick(ids)),
      friends: [...new Set(several(ids))],
      langs: several(pools.string),
      marks: several(pools.int),
      notes: several([...pools.json, null]),
    })),
    posts: Array.from({ length: sizes.posts }, (_, i) =>
      withEcho(draw, {
        id: `p${i}`,
        version: 1 + draw(3),
        title: maybe(pick(pools.string)),
        body: pick(pools.string),
        likes: maybe(pick(pools.int)),
        count: pick(pools.int),
        rating: maybe(pick(pools.double)),
        rate: pick(pools.double),
        price: maybe(pick(pools.decimal)),
        open: maybe(pick(pools.bool)),
        flag: pick(pools.bool),
        at: maybe(pick(pools.timestamp)),
        made: pick(pools.timestamp),
        day: maybe(pick(pools.day)),
        data: maybe(pick(pools.json)),
        place: maybe(pick(pools.geo)),
        spot: pick(pools.geo),
        author: maybe(pick(ids)),
        owner: pick(ids),
        tags: several(pools.string),
        nums: several(pools.int),
        ratios: several(pools.double),
        days: several(pools.day),
        blobs: several([...pools.json, null]),
        prices: several(pools.decimal),
        times: several(pools.timestamp),
        editors: [...new Set(several(ids))],
      }),
    ),
  };
}

/** In some rows the json says what other fields say, so that JSON put together from fields is sometimes equal to it. */
function withEcho(draw: (n: number) => number, row: Row): Row {
  const echoes = [row.tags, row.nums, row.blobs, row.editors, [row.title, null], { a: row.likes }, { a: row.rate }];
  return draw(3) > 0 ? row : { ...row, data: echoes[draw(echoes.length)] };
}

const ddl = `
CREATE TABLE public.users (id text COLLATE "C" PRIMARY KEY, version int8 NOT NULL, name text COLLATE "C", nick text COLLATE "C" NOT NULL,
  age int8, score float8, active bool, info jsonb, home_lat float8, home_lng float8, boss text COLLATE "C",
  langs text[] COLLATE "C" NOT NULL, marks int8[] NOT NULL, notes jsonb[] NOT NULL);
CREATE TABLE public.users__friends (owner text COLLATE "C" NOT NULL, target text COLLATE "C" NOT NULL, position int NOT NULL);
CREATE TABLE public.posts (id text COLLATE "C" PRIMARY KEY, version int8 NOT NULL, title text COLLATE "C", body text COLLATE "C" NOT NULL,
  likes int8, count int8 NOT NULL, rating float8, rate float8 NOT NULL, price numeric, open bool, flag bool NOT NULL,
  at timestamptz(3), made timestamptz(3) NOT NULL, day date, data jsonb, place_lat float8, place_lng float8,
  spot_lat float8 NOT NULL, spot_lng float8 NOT NULL, author text COLLATE "C", owner text COLLATE "C" NOT NULL,
  tags text[] COLLATE "C" NOT NULL, nums int8[] NOT NULL, ratios float8[] NOT NULL, days date[] NOT NULL, blobs jsonb[] NOT NULL, prices numeric[] NOT NULL, times timestamptz(3)[] NOT NULL);
CREATE TABLE public.posts__editors (owner text COLLATE "C" NOT NULL, target text COLLATE "C" NOT NULL, position int NOT NULL);`;

export async function storeWorld(db: Db, world: World): Promise<void> {
  await db.query({
    text: "DROP TABLE IF EXISTS public.users, public.users__friends, public.posts, public.posts__editors",
  });
  for (const text of ddl.split(";").filter((part) => part.trim() !== "")) await db.query({ text });
  for (const [collection, rows] of Object.entries(world)) for (const row of rows) await storeRow(db, collection, row);
}

async function storeRow(db: Db, collection: string, row: Row): Promise<void> {
  const columns: string[] = [];
  const values: unknown[] = [];
  const put = (name: string, value: unknown) => {
    columns.push(`"${name}"`);
    values.push(value);
  };
  for (const [name, spec] of rowTypes.get(collection)?.fields ?? []) {
    const value = row[name];
    if (spec.type.kind === "geo") {
      const place = value as { lat: number; lng: number } | null;
      put(`${name}_lat`, place?.lat ?? null);
      put(`${name}_lng`, place?.lng ?? null);
    } else if (spec.type.of?.kind === "relation") {
      for (const [position, target] of (value as string[]).entries()) {
        await db.query({
          text: `INSERT INTO public.${collection}__${name} VALUES ($1, $2, $3)`,
          values: [row.id, target, position],
        });
      }
    } else if (spec.type.of?.kind === "json")
      put(
        name,
        (value as unknown[]).map((item) => JSON.stringify(item)),
      );
    else put(name, spec.type.kind === "json" && value !== null ? JSON.stringify(value) : value);
  }
  const places = columns.map((_, i) => `$${i + 1}`).join(", ");
  await db.query({ text: `INSERT INTO public.${collection} (${columns.join(", ")}) VALUES (${places})`, values });
}
