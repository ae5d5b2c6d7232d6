import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { masterKey, openMasterKey } from "./master-key.ts";

const database = testDatabase();
const dataDir = mkdtempSync(join(tmpdir(), "lf-key-"));
afterAll(() => rmSync(dataDir, { recursive: true }));

const key = masterKey(Buffer.alloc(32, 1));

test("a sealed value opens only with its key, in its place, unaltered", () => {
  const sealed = key.seal("s3cret ü", "webhook:1.secret");
  expect(sealed).not.toContain("s3cret");
  expect(key.open(sealed, "webhook:1.secret").toString()).toBe("s3cret ü");
  expect(() => key.open(sealed, "webhook:2.secret")).toThrow();
  expect(() => masterKey(Buffer.alloc(32, 2)).open(sealed, "webhook:1.secret")).toThrow();
  const bytes = Buffer.from(sealed.slice(4), "base64url");
  for (const at of [0, 20, 50, 70, bytes.length - 1]) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] as number) ^ 1;
    expect(() => key.open(`lf1.${altered.toString("base64url")}`, "webhook:1.secret")).toThrow();
  }
  for (const cut of ["", "lf1.", "lf1.AAAA", sealed.slice(0, -30)])
    expect(() => key.open(cut, "webhook:1.secret")).toThrow();
});

test("two seals of one value differ", () => {
  expect(key.seal("x", "a")).not.toBe(key.seal("x", "a"));
});

test("four first starts agree on one generated key, and a wrong or missing one is refused afterwards", async () => {
  const source = { given: undefined, dataDir };
  const keys = await Promise.all([1, 2, 3, 4].map(() => openMasterKey(database.db, source)));
  const sealed = (keys[0] as typeof key).seal("x", "a");
  for (const other of keys) expect(other.open(sealed, "a").toString()).toBe("x");
  expect(readdirSync(dataDir)).toEqual(["master.key"]);
  expect(statSync(join(dataDir, "master.key")).mode & 0o777).toBe(0o600);

  await expect(openMasterKey(database.db, { given: Buffer.alloc(32, 9), dataDir })).rejects.toMatchObject({
    reason: "master_key_wrong",
    message: expect.stringContaining("LANDFALL_MASTER_KEY is not the key"),
  });
  const elsewhere = join(dataDir, "elsewhere");
  await expect(openMasterKey(database.db, { given: undefined, dataDir: elsewhere })).rejects.toThrow("is missing");
  writeFileSync(join(dataDir, "master.key"), "nonsense\n");
  await expect(openMasterKey(database.db, source)).rejects.toThrow("holds no master key");
});
