// The files the server keeps itself, of every kind, as the console lists them: what the name and the folder say, and of a
// file that is not encrypted what its header says. Names that we did not make are not touched and not shown.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../kernel/config/index.ts";
import { readBeginning } from "./archive-read.ts";
import { automaticFiles, backupFolder, readBackupFile } from "./backup-file.ts";

export const kinds = ["scheduled", "by-hand", "before-migration"] as const;
export type Kind = (typeof kinds)[number];

/** What stands in front of everything that touches a file: no separator, no dot but the extension's. */
export const fileName = /^(scheduled|by-hand|before-migration)-\d{8}T\d{6}Z\.lfbackup$/;

export interface ShelfFile {
  readonly name: string;
  readonly kind: Kind;
  readonly path: string;
  readonly bytes: number;
  /** RFC 3339: when it was asked for, as its name says. */
  readonly at: string;
  /** Null when the file's beginning cannot be read. */
  readonly encrypted: boolean | null;
  /** Of the server that took it; null when the header cannot be read without the passphrase. */
  readonly version: string | null;
}

export interface Shelf {
  readonly folder: string;
  list(): Promise<ShelfFile[]>;
  find(name: string): Promise<ShelfFile | undefined>;
  remove(file: ShelfFile): Promise<void>;
}

const shownMax = 1_000;

export function createShelf(config: Pick<Config, "backupDir" | "dataDir">): Shelf {
  const folder = backupFolder(config);
  const own = join(config.dataDir, "backups");
  const folderOf = (kind: Kind) => (kind === "before-migration" ? own : folder);
  const known = new Map<string, Pick<ShelfFile, "encrypted" | "version">>();

  async function list(): Promise<ShelfFile[]> {
    const files = kinds.flatMap((kind) => automaticFiles(folderOf(kind), kind).map((file) => ({ ...file, kind })));
    const shown = files
      .map((file) => ({ ...file, asked: timeOf(file.name) }))
      .sort((a, b) => (a.asked < b.asked ? 1 : -1));
    const seen = new Set<string>();
    const result: ShelfFile[] = [];
    for (const { name, kind, path, bytes, asked, at } of shown.slice(0, shownMax)) {
      const key = `${path} ${bytes} ${at.getTime()}`;
      seen.add(key);
      const beginning = known.get(key) ?? (await beginningOf(path));
      known.set(key, beginning);
      result.push({ name, kind, path, bytes, at: asked, ...beginning });
    }
    for (const key of known.keys()) if (!seen.has(key)) known.delete(key);
    return result;
  }
  return {
    folder,
    list,
    find: async (name) => (await list()).find((file) => file.name === name),
    remove: (file) => rm(file.path, { force: true }),
  };
}

/** `…-20261120T031500Z.lfbackup` is 2026-11-20T03:15:00Z. */
function timeOf(name: string): string {
  const [, day = "", time = ""] = /(\d{8})T(\d{6})Z/.exec(name) ?? [];
  return `${day.replace(/(....)(..)(..)/, "$1-$2-$3")}T${time.replace(/(..)(..)(..)/, "$1:$2:$3")}.000Z`;
}

async function beginningOf(path: string): Promise<Pick<ShelfFile, "encrypted" | "version">> {
  try {
    const { encrypted, header } = await readBeginning(readBackupFile(path));
    return { encrypted, version: header?.version ?? null };
  } catch {
    return { encrypted: null, version: null };
  }
}
