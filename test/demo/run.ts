// `npm run demo`: 138,398 cities, their countries and some visits, through the public import route with progress. Runs a
// process of its own on the project's database, beside a server that may be running, and ends when the data is in.
// `npm run demo -- 2000`: about so many cities, from all over the list.
import { randomBytes } from "node:crypto";
import { freePort } from "../support/ports.ts";
import { call, type ServerProcess, startServer } from "../support/server.ts";
import { allCities, collections, countriesOf, ndjson } from "./cities.ts";

let shown = "";
const print = (line: string) => process.stdout.write(`${line}\n`);
const key = randomBytes(24).toString("base64url");
const dataDir = process.env.LANDFALL_DATA_DIR ?? new URL("../../landfall-data", import.meta.url).pathname;

print("Starting Landfall …");
const server = await startServer({
  PORT: String(await freePort()),
  LANDFALL_DATA_DIR: dataDir,
  LANDFALL_SERVICE_KEY: key,
});
try {
  await fill(server);
  print("\nDone. `npm start` and look at the collection cities in the console, or:");
  print(
    `  curl -G http://localhost:4710/v1/collections/cities/records -d sort=-population -d limit=3 --data-urlencode "filter=country.name == 'Norway'"`,
  );
} catch (error) {
  print((error as Error).message);
  process.exitCode = 1;
} finally {
  await server.stop();
}

async function fill({ url }: ServerProcess): Promise<void> {
  for (const { name } of collections) {
    const found = await call(url, "GET", `/v1/collections/${name}`, undefined, { as: key });
    if (found.status !== 404) throw new Error(`There is a collection "${name}" already: nothing was changed.`);
  }
  for (const definition of collections) {
    const made = await call(url, "POST", "/v1/collections", definition, { as: key });
    if (made.status !== 201) throw new Error(`${definition.name}: ${made.text}`);
  }
  const cities = sample(allCities(), Number(process.argv[2] ?? Number.POSITIVE_INFINITY));
  const countries = countriesOf(cities);
  await fillOne(url, "countries", countries, countries.length);
  await fillOne(url, "cities", cities, cities.length);
  const visits = cities
    .filter((_, n) => n % 500 === 0)
    .map((city, n) => ({
      id: `visit-${n}`,
      city: city.id,
      owner: n % 2 === 0 ? "ann" : "bob",
      on: `2026-0${1 + (n % 9)}-15`,
      note: `Saw ${city.name}.`,
    }));
  await fillOne(url, "visits", visits, visits.length);
}

function sample<Item>(items: readonly Item[], count: number): readonly Item[] {
  const step = Math.max(1, Math.ceil(items.length / count));
  return items.filter((_, n) => n % step === 0);
}

async function fillOne(url: string, collection: string, records: Iterable<object>, total: number): Promise<void> {
  const answer = await fetch(`${url}/v1/collections/${collection}/records:import`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/x-ndjson", accept: "application/x-ndjson" },
    body: ReadableStream.from(ndjson(records)).pipeThrough(new TextEncoderStream()),
    duplex: "half",
  } as RequestInit);
  if (!answer.ok || answer.body === null) throw new Error(`${collection}: ${await answer.text()}`);
  let rest = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") show(collection, JSON.parse(line), total);
  }
  if (process.stdout.isTTY) print("");
}

function show(collection: string, progress: { imported?: number }, total: number): void {
  const done = progress.imported ?? 0;
  const line = `${collection.padEnd(10)} ${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
  if (line === shown) return;
  shown = line;
  process.stdout.write(process.stdout.isTTY ? `\r${line}` : `${line}\n`);
}
