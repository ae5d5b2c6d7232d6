import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Exit } from "./exit.ts";
import { onVolume, requireVolume } from "./volume.ts";

const root = "1 0 0:50 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/l,upperdir=/u";
const proc = "2 1 0:52 / /proc rw,nosuid - proc proc rw";
const volume = "9 1 254:1 /var/lib/docker/volumes/landfall/_data /data rw,relatime master:2 - ext4 /dev/vda1 rw";
const named = (...lines: string[]) => [root, proc, ...lines, ""].join("\n");
const folder = mkdtempSync(join(tmpdir(), "lf-volume-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each<[string, string, string[], boolean]>([
  ["a volume on the folder", "/data", [volume], true],
  ["a volume above the folder", "/data/shop", [volume], true],
  ["the container's own root", "/data", [], false],
  ["a volume beside it whose name begins the same", "/data2", [volume], false],
  ["a volume below it", "/data", [volume.replace("/data rw", "/data/pg rw")], false],
  ["a tmpfs", "/data", ["9 1 0:77 / /data rw - tmpfs tmpfs rw,size=64k"], false],
  ["a tmpfs over a volume", "/data", [volume, "10 9 0:77 / /data rw - tmpfs tmpfs rw"], false],
  ["a volume inside a tmpfs", "/run/data", ["8 1 0:7 / /run rw - tmpfs tmpfs rw", volume.replace("/data rw", "/run/data rw")], true], // biome-ignore format: one row
  ["a folder with a space in its name", "/my data", [volume.replace("/data rw", "/my\\040data rw")], true],
  ["a mount with optional fields", "/data", [volume.replace("master:2", "shared:1 master:2 propagate_from:3")], true],
])("%s", (_name, path, lines, kept) => {
  expect(onVolume(path, named(...lines))).toBe(kept);
});

const key = Buffer.alloc(32);
const asked = { ephemeral: false, dataDir: folder, databaseUrl: undefined, masterKey: undefined };
const refusal = (config: Parameters<typeof requireVolume>[0], mounts = named()) => {
  try {
    requireVolume(config, () => mounts);
    return undefined;
  } catch (error) {
    return error as Exit;
  }
};

test("the refusal is one line with an exit code of its own, and names what would be lost and both ways out", () => {
  const exit = refusal(asked);
  expect(exit).toBeInstanceOf(Exit);
  expect(exit?.reason).toBe("data_not_kept");
  expect(exit?.message).toContain(`docker run -v landfall:${folder}`);
  expect(exit?.message).toContain("LANDFALL_EPHEMERAL=1");
  expect(exit?.message).toContain("all data");
  expect(exit?.message).not.toContain("\n");
});

test("a database from outside is not enough while the master key would be made inside", () => {
  const databaseUrl = "postgres://db/landfall";
  expect(refusal({ ...asked, databaseUrl })?.message).toContain("the master key");
  expect(refusal({ ...asked, databaseUrl, masterKey: key })).toBeUndefined();
});

test("nobody is asked outside an image, nor who said that the data may go", () => {
  expect(refusal({ ...asked, ephemeral: undefined })).toBeUndefined();
  expect(refusal({ ...asked, ephemeral: true })).toBeUndefined();
});

test("a symlink leads to where the data really are; a folder that is not made yet counts as its parent", () => {
  const real = join(folder, "real");
  mkdirSync(real);
  symlinkSync(real, join(folder, "link"));
  const mounts = named(volume.replace("/data rw", `${real} rw`));
  expect(refusal({ ...asked, dataDir: join(folder, "link") }, mounts)).toBeUndefined();
  expect(refusal({ ...asked, dataDir: join(real, "new", "folder") }, mounts)).toBeUndefined();
  expect(refusal({ ...asked, dataDir: join(folder, "other") }, mounts)?.reason).toBe("data_not_kept");
});

test("without mountinfo nothing proves a volume", () => {
  expect(refusal(asked, "")?.reason).toBe("data_not_kept");
});
