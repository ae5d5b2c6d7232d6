// What pages say in passing: settings, error codes with their status, exit codes, addresses and figures. Pages made from the
// code are compared elsewhere; here is what people wrote, held against the same tables.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
// Every room's codes are in the catalogue once the app is loaded.
import "../../server/app.ts";
import { constant } from "../../docs/generated/limits-page.ts";
import { docsFolder } from "../../docs/site/library.ts";
import { queryLimits } from "../../server/collections/query-types.ts";
import { settings } from "../../server/kernel/config/settings.ts";
import { errorCatalogue } from "../../server/kernel/errors/index.ts";
import { exitCodes } from "../../server/kernel/exit.ts";
import { testServer } from "../support/server.ts";

const root = join(docsFolder, "..");
const markdown = readdirSync(docsFolder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
const pages = new Map([
  ...["README.md", "CHANGELOG.md", "SECURITY.md"].map(
    (file) => [file, readFileSync(join(root, file), "utf8")] as const,
  ),
  ...markdown.map((file) => [`docs/${file}`, readFileSync(join(docsFolder, file), "utf8")] as const),
]);
/** Pages that tell of the product as it is; a decision may name what was given up. */
const ofToday = [...pages].filter(([file]) => !file.startsWith("docs/decisions/"));
const server = testServer();

function named(
  form: RegExp,
  from: Iterable<readonly [string, string]> = ofToday,
): (readonly [string, RegExpMatchArray])[] {
  return [...from].flatMap(([file, text]) => [...text.matchAll(form)].map((match) => [file, match] as const));
}

test("every setting that a page names is one, of the server, of the client's command or of the Compose file", () => {
  const compose = ["docker/compose.yml", "docker/init.sh"].map((file) => readFileSync(join(root, file), "utf8")).join();
  const ofServer = new Set<string>(Object.values(settings).map(({ env }) => env));
  const known = (name: string) =>
    ofServer.has(name.replace(/_FILE$/, "")) ||
    ["LANDFALL_URL", "LANDFALL_KEY"].includes(name) ||
    compose.includes(name);
  const found = named(/\b(?:LANDFALL|POSTGRES|COMPOSE)_[A-Z_]+\b/g);
  expect(found.length).toBeGreaterThan(100);
  expect(found.filter(([, [name]]) => !known(name)).map(([file, [name]]) => `${file}: ${name}`)).toEqual([]);
});

describe("codes", () => {
  const catalogue = errorCatalogue();

  test("every error code that stands beside a status belongs to it", () => {
    const before = named(/\b([45]\d\d)\b(?: \| | \(| )`([a-z]+(?:_[a-z]+)+)`/g).map(([file, [, status, code]]) => [
      file,
      code,
      status,
    ]);
    const after = named(/`([a-z]+(?:_[a-z]+)+)` \((\d{3})\b/g).map(([file, [, code, status]]) => [file, code, status]);
    const pairs = [...before, ...after];
    expect(pairs.length).toBeGreaterThan(15);
    // A place within a problem has a code of its own.
    const ofPlaces = new Set(["read_only", "relation_not_found"]);
    const wrong = pairs.filter(
      ([, code = "", status]) => !ofPlaces.has(code) && catalogue.get(code)?.status !== Number(status),
    );
    expect(wrong).toEqual([]);
  });

  test("what looks like a code of records, collections or keys is one", () => {
    const found = named(/`((?:record|idempotency|cursor|collection|query|batch|import)_[a-z_]+)`/g);
    expect(found.length).toBeGreaterThan(20);
    expect(
      found.filter(([, [, code = ""]]) => !catalogue.has(code)).map(([file, [, code]]) => `${file}: ${code}`),
    ).toEqual([]);
  });

  test("every exit code that a page names is one", () => {
    const codes = new Set<number>(Object.values(exitCodes).map(({ code }) => code));
    const found = named(/(?:exit code|ends with(?: exit code)?) (\d+)/g, pages);
    expect(found.length).toBeGreaterThan(4);
    expect(
      found.filter(([, [, code]]) => !codes.has(Number(code))).map(([file, [text]]) => `${file}: ${text}`),
    ).toEqual([]);
  });
});

test("every address that a page names is answered by the server, by the method it names", async () => {
  const { paths } = (await server.call("GET", "/v1/openapi.json")).json as {
    paths: Record<string, Record<string, unknown>>;
  };
  const shapes = Object.entries(paths).map(([path, item]) => ({
    form: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/:]+")}$`),
    methods: new Set(Object.keys(item).map((method) => method.toUpperCase())),
  }));
  const outside = ["/v1", "/livez", "/readyz", "/metrics", "/sdk.tgz", "/console", "/docs", "/docs/reference"];
  const found = named(
    /(?:`(GET|POST|PATCH|PUT|DELETE) )?[`(](\/v1[^`)\s?…]*)|`(GET|POST|PATCH|PUT|DELETE) (\/v1[^`\s?…]*)/g,
  );
  const calls = found.map(([file, [, , alone, method, path]]) => ({ file, method, path: path ?? alone ?? "" }));
  expect(calls.length).toBeGreaterThan(15);
  const wrong = calls.filter(({ method, path }) => {
    if (outside.includes(path)) return false;
    const fitting = shapes.filter(({ form }) => form.test(path));
    return !fitting.some(({ methods }) => method === undefined || methods.has(method));
  });
  expect(wrong).toEqual([]);
});

test("every metric that a page names is served", async () => {
  const { text } = await server.call("GET", "/metrics");
  const found = named(/`((?:landfall|nodejs)_[a-z0-9_]+_[a-z0-9_]+)`/g).filter(([file]) => !file.endsWith("run-it.md"));
  expect(found.length).toBeGreaterThan(7);
  expect(
    found.filter(([, [, name]]) => !text.includes(`# HELP ${name} `)).map(([file, [name]]) => `${file}: ${name}`),
  ).toEqual([]);
});

const n = (value: number) => value.toLocaleString("en");
const inCode = (file: string, name: string) => constant(file, name);
/** Of both generated clients together, as their own test counts them. */
const generatedCalls = [
  ...readFileSync(join(root, "test/tools/openapi/openapi.test.ts"), "utf8").matchAll(
    /\["(?:hey-api|openapi-fetch)", (\d+)\]/g,
  ),
].reduce((sum, [, calls]) => sum + Number(calls), 0);
const hours = (ms: number) => ms / 3_600_000;

/** Page, what it says, and where the number in it comes from. */
const figures: readonly (readonly [page: string, says: string])[] = [
  ["guides/writes.md", `up to ${n(inCode("server/collections/record-bulk.ts", "bulkMax"))} of which all or none`],
  ["guides/writes.md", `within ${inCode("server/kernel/http/idempotency.ts", "keptHours")} hours`],
  [
    "guides/import-export.md",
    `up to ${n(inCode("server/collections/import.ts", "atomicMax"))} records, all or nothing`,
  ],
  ["guides/import-export.md", `the first ${inCode("server/collections/import-insert.ts", "errorsKept")}`],
  ["guides/import-export.md", `for ${inCode("server/collections/import.ts", "keptDays")} days`],
  ["guides/console.md", `valid for ${hours(inCode("server/auth/setup.ts", "setupSecretMs"))} hours`],
  ["guides/security.md", `${hours(inCode("server/auth/admin-store.ts", "sessionIdleMs"))} hours without use`],
  ["guides/security.md", `after ${hours(inCode("server/auth/admin-store.ts", "sessionAbsoluteMs")) / 24} days`],
  ["guides/testing-rules.md", `last ${n(inCode("server/collections/denial.ts", "keptMax"))}`],
  ["guides/backup.md", "| the last three |"],
  ["guides/backup.md", `\`LANDFALL_BACKUP_KEEP\`, ${settings.backupKeep.default} unless said`],
  ["guides/upgrade.md", `\`LANDFALL_DRAIN_GRACE_MS\` (${n(settings.drainGraceMs.default)})`],
  ["guides/upgrade.md", `\`LANDFALL_DRAIN_DEADLINE_MS\` (${n(settings.drainDeadlineMs.default)})`],
  ["guides/upgrade.md", `running for ${inCode("server/kernel/db/migrate.ts", "silentMs") / 1_000} s`],
  ["guides/upgrade.md", `exit code ${exitCodes.older_servers.code}`],
  ["guides/upgrade.md", `exit code ${exitCodes.schema_newer.code}`],
  ["guides/import-export.md", `ends with ${exitCodes.lines_refused.code}`],
  ["guides/monitoring.md", `ends with ${exitCodes.faults_found.code}`],
  ["guides/openapi.md", `sends ${generatedCalls} calls`],
  ["guides/client.md", "(30 s unless said)"],
  ["guides/client.md", "`retries` times (3)"],
  ["guides/run-it.md", "the last seven kept"],
  ["guides/queries.md", "it has ten seconds"],
  ["guides/queries.md", "nest three deep"],
];

test.each(figures)("docs/%s: %s", (page, says) => {
  expect(pages.get(`docs/${page}`)?.replaceAll(/\s+/g, " ")).toContain(says);
});

test("figures that stand in words are still those of the code", () => {
  expect(inCode("server/backup/automatic.ts", "beforeMigrationKept")).toBe(3);
  expect(settings.backupKeep.default).toBe(7);
  expect([queryLimits.countTimeoutMs, queryLimits.expandDepth]).toEqual([10_000, 3]);
  const client = readFileSync(join(root, "sdk/src/client.ts"), "utf8");
  expect(client).toContain("options.timeoutMs ?? 30_000");
  expect(client).toContain("options.retries ?? 3");
});
