import { expect, test } from "vitest";
import { settingsHelp } from "./describe.ts";
import { type ConfigError, readConfig } from "./read.ts";
import { settings } from "./settings.ts";

const root = "/srv/project";
const read = (env: Record<string, string>, files: Record<string, string> = {}) =>
  readConfig(env, {
    root,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error("missing"), { code: "ENOENT" });
      return text;
    },
  });
const mistakes = (env: Record<string, string>) => {
  try {
    read(env);
  } catch (error) {
    return (error as ConfigError).lines;
  }
  return [];
};

test("an empty environment gives every default", () => {
  const { config, warnings } = read({});
  expect(config).toMatchObject({
    port: 4710,
    host: "127.0.0.1",
    dataDir: "/srv/project/landfall-data",
    dbPrepare: true,
  });
  expect(config.databaseUrl).toBeUndefined();
  expect(warnings).toEqual([]);
});

test("every mistake is reported at once, and no secret is shown", () => {
  const lines = mistakes({
    PORT: "47a",
    LANDFALL_DB_PREPARE: "perhaps",
    DATABASE_URL: "mysql://user:hunter2@host/db",
    LANDFALL_MASTER_KEY: "hunter2",
    LANDFALL_SERVICE_KEY: "hunter2",
    LANDFALL_LOG_LEVEL: "loud",
    LANDFALL_PUBLIC_URL: "example.org",
  });
  expect(lines.map((line) => line.split(":")[0]).sort()).toEqual([
    "DATABASE_URL",
    "LANDFALL_DB_PREPARE",
    "LANDFALL_LOG_LEVEL",
    "LANDFALL_MASTER_KEY",
    "LANDFALL_PUBLIC_URL",
    "LANDFALL_SERVICE_KEY",
    "PORT",
  ]);
  expect(lines.join("\n")).not.toContain("hunter2");
});

test.each([
  ["PORT", "65536"],
  ["PORT", "-1"],
  ["PORT", "4710.5"],
  ["LANDFALL_DB_POOL_SIZE", "1"],
  ["LANDFALL_ADMIN_PASSWORD", "short"],
])("%s=%s is refused", (name, value) => {
  expect(mistakes({ [name]: value })).toHaveLength(1);
});

test("an e-mail without a password for the first admin is refused", () => {
  expect(mistakes({ LANDFALL_ADMIN_EMAIL: "a@example.org" })).toEqual([
    "LANDFALL_ADMIN_EMAIL and LANDFALL_ADMIN_PASSWORD: give both or neither",
  ]);
});

test("each setting takes a file, whose last line break does not count", () => {
  const { config } = read({ DATABASE_URL_FILE: "/run/url" }, { "/run/url": "postgres://a@b/c\n" });
  expect(config.databaseUrl).toBe("postgres://a@b/c");
});

test("a value given twice and a file that is missing are refused", () => {
  expect(mistakes({ DATABASE_URL: "postgres://a@b/c", DATABASE_URL_FILE: "/x" })[0]).toContain("given twice");
  expect(mistakes({ LANDFALL_SERVICE_KEY_FILE: "/x" })[0]).toContain("ENOENT");
});

test.each([
  ["hex", "ab".repeat(32)],
  ["base64", Buffer.alloc(32, 0xab).toString("base64")],
  ["base64url", Buffer.alloc(32, 0xab).toString("base64url")],
])("the master key may be written as %s", (_form, text) => {
  expect(read({ LANDFALL_MASTER_KEY: text }).config.masterKey).toEqual(Buffer.alloc(32, 0xab));
});

test("an empty value counts as unset, and an empty list is empty", () => {
  const { config } = read({ PORT: "", LANDFALL_CORS_ORIGINS: " , https://a.example , " });
  expect(config.port).toBe(4710);
  expect(config.corsOrigins).toEqual(["https://a.example"]);
});

test("an unknown name of ours is pointed out with the nearest one", () => {
  expect(read({ LANDFALL_DATADIR: "/x", LANDFALL_NONSENSE_HERE: "1", OTHER: "1" }).warnings).toEqual([
    "LANDFALL_DATADIR is not a setting of Landfall; did you mean LANDFALL_DATA_DIR?",
    "LANDFALL_NONSENSE_HERE is not a setting of Landfall; it is ignored.",
  ]);
});

test("help names every setting", () => {
  for (const { env } of Object.values(settings)) expect(settingsHelp()).toContain(env);
});
