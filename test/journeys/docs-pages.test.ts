// The first pages of the docs, done as they are printed.
import { afterEach, expect, test } from "vitest";
import { testDatabase } from "../support/database.ts";
import { freePort } from "../support/ports.ts";
import { printedPage, type Reader, reader } from "../support/printed-page.ts";

const databases = { "start/ship-an-app.md": testDatabase(), "start/manage-data.md": testDatabase() };
const running: Reader[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.end();
});

test.each([
  ["start/ship-an-app.md", { commands: 8, compared: 3 }],
  ["start/manage-data.md", { commands: 10, compared: 4 }],
] as const)(
  "%s works as printed",
  async (file, done) => {
    const page = printedPage(file);
    const ann = reader(await freePort(), { DATABASE_URL: databases[file].url });
    running.push(ann);
    // The counts are here so that a block that is no longer recognised is noticed.
    expect(await ann.follow(page)).toEqual(done);
  },
  120_000,
);
