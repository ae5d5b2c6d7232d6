import { expect, test } from "vitest";
import type { Collection } from "../api/types.ts";
import { fieldsText, hopsOf, labelKey, manyLabels, manyQuery, separated } from "./relation-labels.ts";

const plain = { kind: "base", indexes: [], rules: {} } as const;
const countries: Collection = { ...plain, name: "countries", fields: [{ name: "name", type: "text" }] };
const points: Collection = { ...plain, name: "points", fields: [{ name: "at", type: "geo" }] };
const cities: Collection = {
  ...plain,
  name: "cities",
  fields: [
    { name: "title", type: "text" },
    { name: "country", type: "relation", collection: "countries" },
    { name: "visited", type: "relation", collection: "countries", many: true },
    { name: "point", type: "relation", collection: "points" },
  ],
};
const hops = hopsOf(cities, [cities, countries, points]);

test("to-one relations to something with a name are expanded to it, everything else is asked for as it is", () => {
  expect(fieldsText(cities, hops)).toBe("id,createdAt,updatedAt,version,title,visited,point,country.id,country.name");
  expect(fieldsText(countries, hopsOf(countries, [countries]))).toBeUndefined();
});

test("rows keep ids; names stand beside them", () => {
  const { items, labels } = separated(
    [
      { id: "a", country: { id: "AD", name: "Andorra" }, visited: ["AD"], point: "p" },
      { id: "b", country: null, visited: [], point: null },
      { id: "c", country: { id: "XX", name: null } },
    ],
    hops,
  );
  expect(items).toEqual([
    { id: "a", country: "AD", visited: ["AD"], point: "p" },
    { id: "b", country: null, visited: [], point: null },
    { id: "c", country: "XX" },
  ]);
  expect([...labels]).toEqual([[labelKey("countries", "AD"), "Andorra"]]);
});

test("to-many relations are named by one request, which asks for no more than a cell shows", () => {
  const many = hopsOf(cities, [cities, countries, points], "many");
  expect(manyQuery(many)).toEqual({ fields: "id,visited.id,visited.name", expand: "visited(limit:3)" });
  expect(manyQuery([])).toBeUndefined();
  const labels = manyLabels(
    [
      {
        id: "a",
        visited: [
          { id: "AD", name: "Andorra" },
          { id: "XX", name: null },
        ],
      },
      { id: "b", visited: [] },
    ],
    many,
  );
  expect([...labels]).toEqual([[labelKey("countries", "AD"), "Andorra"]]);
});
