// 138,398 real records through the public route, then 200 questions answered by the server and by plain JavaScript over the
// source. Names in many scripts, ties, nulls, relations, distances: no difference.

import { createClient, defineSchema } from "@landfall/client";
import { beforeAll, expect, test } from "vitest";
import { allCities, type City, collections, countriesOf, ndjson } from "../demo/cities.ts";
import { seeded } from "../support/random.ts";
import { serviceKey, testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_RATE_PER_ADDRESS: "0" });
const cities = allCities();
const countries = countriesOf(cities);
const countryName = new Map(countries.map((country) => [country.id, country.name]));

beforeAll(async () => {
  for (const definition of collections)
    expect((await server.call("POST", "/v1/collections", definition)).status).toBe(201);
  expect(await importAll("countries", countries)).toMatchObject({ imported: countries.length, failed: 0 });
  expect(await importAll("cities", cities)).toMatchObject({ imported: 138_398, failed: 0 });
}, 60_000);

async function importAll(collection: string, records: Iterable<object>): Promise<unknown> {
  const stream = ReadableStream.from(ndjson(records)).pipeThrough(new TextEncoderStream());
  const answer = await fetch(`${server.url}/v1/collections/${collection}/records:import`, {
    method: "POST",
    headers: { authorization: `Bearer ${serviceKey}`, "content-type": "application/x-ndjson" },
    body: stream,
    duplex: "half",
  } as RequestInit);
  const text = await answer.text();
  return JSON.parse(text.trim().split("\n").at(-1) as string);
}

/** A condition in both languages. */
interface Condition {
  readonly cel: string;
  readonly holds: (city: City) => boolean;
}

const random = seeded(4710);
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
const points = (text: string) => [...text];
const text = (value: string) => JSON.stringify(value);

const conditions: readonly (() => Condition)[] = [
  () => {
    const { id } = pick(countries);
    return { cel: `country == ${text(id)}`, holds: (city) => city.country === id };
  },
  () => {
    const ids = [pick(countries).id, pick(countries).id, pick(countries).id];
    return { cel: `country in [${ids.map(text).join(", ")}]`, holds: (city) => ids.includes(city.country) };
  },
  () => {
    const [low, high] = [pick(cities).population, pick(cities).population].sort((a, b) => a - b) as [number, number];
    return {
      cel: `population >= ${low} && population < ${high}`,
      holds: (city) => city.population >= low && city.population < high,
    };
  },
  () => {
    const start = points(pick(cities).name).slice(0, 2).join("");
    return { cel: `name.startsWith(${text(start)})`, holds: (city) => city.name.startsWith(start) };
  },
  () => {
    const part = points(pick(cities).name).slice(1, 4).join("");
    return { cel: `name.contains(${text(part)})`, holds: (city) => city.name.includes(part) };
  },
  () => {
    const end = points(pick(cities).name).slice(-3).join("");
    return { cel: `!name.endsWith(${text(end)})`, holds: (city) => !city.name.endsWith(end) };
  },
  () => {
    const length = 3 + Math.floor(random() * 12);
    return {
      cel: `name.size() == ${length}`,
      holds: (city) => city.name.length >= length && points(city.name).length === length,
    };
  },
  () => {
    const { name } = pick(cities);
    return { cel: `name > ${text(name)}`, holds: (city) => compare(city.name, name) > 0 };
  },
  () => ({ cel: "admin == null", holds: (city) => city.admin === null }),
  () => {
    const { admin } = pick(cities);
    return { cel: `admin != ${text(admin ?? "")}`, holds: (city) => city.admin !== (admin ?? "") };
  },
  () => {
    const start = pick(countries).name.slice(0, 1);
    return {
      cel: `country.name.startsWith(${text(start)})`,
      holds: (city) => countryName.get(city.country)?.startsWith(start) === true,
    };
  },
  () => {
    const { place } = pick(cities);
    const metres = 1_000 * (5 + Math.floor(random() * 800)) + 0.5;
    return {
      cel: `distance(place, geo(${place.lat}, ${place.lng})) < ${metres}`,
      holds: (city) => distance(city.place, place) < metres,
    };
  },
];

/** A condition, or two joined, or one negated. */
function question(): Condition {
  const [a, b] = [pick(conditions)(), pick(conditions)()];
  const roll = random();
  if (roll < 0.35) return a;
  if (roll < 0.6) return { cel: `(${a.cel}) && (${b.cel})`, holds: (city) => a.holds(city) && b.holds(city) };
  if (roll < 0.8) return { cel: `(${a.cel}) || (${b.cel})`, holds: (city) => a.holds(city) || b.holds(city) };
  return { cel: `!(${a.cel}) && (${b.cel})`, holds: (city) => !a.holds(city) && b.holds(city) };
}

/** `id` decides between equals, the way of the last key. */
type Sort = { readonly text: string; readonly order: (a: City, b: City) => number };
const upwards = ({ text }: Sort) => (/(?:^|,)-\w+$/.test(text) ? -1 : 1);
const sorts: readonly Sort[] = [
  { text: "", order: () => 0 },
  { text: "name", order: (a, b) => compare(a.name, b.name) },
  { text: "-population,name", order: (a, b) => b.population - a.population || compare(a.name, b.name) },
  { text: "country,-name", order: (a, b) => compare(a.country, b.country) || compare(b.name, a.name) },
  { text: "admin,population", order: (a, b) => nullsLast(a.admin, b.admin) || a.population - b.population },
  { text: "-admin", order: (a, b) => nullsLast(b.admin, a.admin) },
];

test("200 queries agree with plain JavaScript over the source, page by page", async () => {
  for (let n = 0; n < 200; n++) {
    const { cel, holds } = question();
    const sort = pick(sorts);
    const limit = 1 + Math.floor(random() * 200);
    const expected = cities.filter(holds).sort((a, b) => sort.order(a, b) || upwards(sort) * compare(a.id, b.id));
    const asked = `query ${n}: ${cel} sort ${sort.text} limit ${limit}`;
    const first = await page({ filter: cel, limit: String(limit), ...(sort.text === "" ? {} : { sort: sort.text }) });
    expect(
      first.items.map((city) => city.id),
      asked,
    ).toEqual(expected.slice(0, limit).map((city) => city.id));
    expect(first.nextCursor === null, asked).toBe(expected.length <= limit);
    expect(first.items[0], asked).toEqual(first.items[0] && expect.objectContaining(expected[0] as City));
    if (first.nextCursor === null) continue;
    const second = await page({
      filter: cel,
      limit: String(limit),
      cursor: first.nextCursor,
      ...(sort.text === "" ? {} : { sort: sort.text }),
    });
    expect(
      second.items.map((city) => city.id),
      asked,
    ).toEqual(expected.slice(limit, 2 * limit).map((city) => city.id));
  }
}, 60_000);

test("an expanded country and its largest cities are the same as in the source", async () => {
  const lf = createClient({ url: server.url, schema: demoSchema });
  for (const { id, name } of countries.slice(0, 12)) {
    const largest = cities
      .filter((city) => city.country === id)
      .sort((a, b) => b.population - a.population || compare(b.id, a.id));
    const [top] = (
      await lf.from("cities").filter({ country: id }).sort("-population").limit(1).expand({ country: true }).list()
    ).items;
    expect(top?.id).toBe(largest[0]?.id);
    expect(top?.country?.name).toBe(name);
    const counted = await lf.from("cities").filter({ country: { name } }).count();
    expect(counted).toBe(largest.length);
  }
});

test("a visit is seen and changed by its owner only", async () => {
  const keys = await Promise.all(["ann", "bob"].map((id) => keyFor(id)));
  const [ann, bob] = keys.map((token) => createClient({ url: server.url, schema: demoSchema, token })) as [Lf, Lf];
  const visit = await ann
    .from("visits")
    .create({ city: "city-000000", owner: "ann", on: "2026-05-01", note: "Quiet." });
  expect((await ann.from("visits").list()).items).toHaveLength(1);
  expect((await bob.from("visits").list()).items).toHaveLength(0);
  await expect(bob.from("visits").get(visit.id)).rejects.toMatchObject({ status: 404 });
  await expect(bob.from("visits").update(visit.id, { note: "Mine" })).rejects.toMatchObject({ status: 404 });
  await expect(
    bob.from("visits").create({ city: "city-000000", owner: "ann", on: "2026-05-01" }),
  ).rejects.toMatchObject({ status: 403 });
  expect((await ann.from("visits").update(visit.id, { note: "Loud." })).note).toBe("Loud.");
  expect(
    await ann
      .from("visits")
      .filter({ city: { country: { name: "Andorra" } } })
      .count(),
  ).toBe(1);
});

const demoSchema = defineSchema({
  collections: {
    countries: {
      fields: { name: { type: "text", required: true } },
      inverses: { cities: { collection: "cities", field: "country" } },
    },
    cities: {
      fields: {
        name: { type: "text", required: true },
        country: { type: "relation", collection: "countries", required: true },
        feature: { type: "text", required: true },
        admin: { type: "text" },
        population: { type: "integer", required: true },
        place: { type: "geo", required: true },
      },
      inverses: { visits: { collection: "visits", field: "city" } },
    },
    visits: {
      fields: {
        city: { type: "relation", collection: "cities", required: true },
        owner: { type: "text", required: true },
        on: { type: "date", required: true },
        note: { type: "text" },
      },
    },
  },
});
type Lf = ReturnType<typeof createClient<typeof demoSchema>>;

async function keyFor(id: string): Promise<string> {
  const all = ["list", "get", "create", "update", "delete"];
  const body = {
    name: id,
    collections: { visits: all, cities: ["list", "get"], countries: ["list", "get"] },
    actAs: { id, roles: [], teams: [], claims: {} },
  };
  const answer = await server.call("POST", "/v1/api-keys", body);
  expect(answer.status).toBe(201);
  return answer.json.secret;
}

async function page(query: Record<string, string>): Promise<{ items: City[]; nextCursor: string | null }> {
  const answer = await server.call("GET", `/v1/collections/cities/records?${new URLSearchParams(query)}`, undefined, {
    as: null,
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.json;
}

/** By code point, as the contract orders texts; JavaScript's own `<` orders by UTF-16 unit, which differs for surrogates. */
function compare(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above every other unit. */
const rank = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

function nullsLast(a: string | null, b: string | null): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  return compare(a, b);
}

/** Great-circle distance in metres (haversine, mean earth radius 6,371,008.8 m). */
function distance(a: City["place"], b: City["place"]): number {
  const radians = Math.PI / 180;
  const half = (degrees: number) => Math.sin((degrees * radians) / 2) ** 2;
  const h = half(b.lat - a.lat) + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * half(b.lng - a.lng);
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
}
