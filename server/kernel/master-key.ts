// Seals the secrets that must be read again (provider credentials, webhook keys). Envelope encryption: each secret has a
// data key of its own, which the master key wraps, so that changing the master key rewraps 32 bytes per secret. The
// context (which row, which column) is authenticated with it, so a sealed value cannot be moved to another place.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { masterKeyBytes } from "./config/index.ts";
import type { Db } from "./db/index.ts";
import { Exit } from "./exit.ts";

export interface MasterKey {
  /** Text for a column. `context` names the place, e.g. `webhook:<id>.secret`, and must be the same when opening. */
  seal(plaintext: string | Uint8Array, context: string): string;
  /** Throws when the text was altered, moved or sealed with another key. */
  open(sealed: string, context: string): Buffer;
}

const form = "lf1.";
const cipher = "aes-256-gcm";
const ivBytes = 12;
const tagBytes = 16;
const wrappedBytes = ivBytes + 32 + tagBytes;

export function masterKey(key: Uint8Array): MasterKey {
  return {
    seal(plaintext, context) {
      const dataKey = randomBytes(32);
      const wrapped = encrypt(key, dataKey, `key:${context}`);
      return form + Buffer.concat([wrapped, encrypt(dataKey, plaintext, context)]).toString("base64url");
    },
    open(sealed, context) {
      if (!sealed.startsWith(form)) throw new Error("not a sealed value");
      const bytes = Buffer.from(sealed.slice(form.length), "base64url");
      const dataKey = decrypt(key, bytes.subarray(0, wrappedBytes), `key:${context}`);
      return decrypt(dataKey, bytes.subarray(wrappedBytes), context);
    },
  };
}

function encrypt(key: Uint8Array, plaintext: string | Uint8Array, context: string): Buffer {
  const iv = randomBytes(ivBytes);
  const sealing = createCipheriv(cipher, key, iv).setAAD(Buffer.from(context));
  const body = typeof plaintext === "string" ? Buffer.from(plaintext) : plaintext;
  return Buffer.concat([iv, sealing.update(body), sealing.final(), sealing.getAuthTag()]);
}

function decrypt(key: Uint8Array, sealed: Buffer, context: string): Buffer {
  if (sealed.length < ivBytes + tagBytes) throw new Error("a sealed value is cut off");
  const opening = createDecipheriv(cipher, key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(sealed.length - tagBytes));
  return Buffer.concat([opening.update(sealed.subarray(ivBytes, sealed.length - tagBytes)), opening.final()]);
}

export interface MasterKeySource {
  /** From LANDFALL_MASTER_KEY. */
  readonly given: Uint8Array | undefined;
  readonly dataDir: string;
}

const checkContext = "meta:masterKeyCheck";
const checkText = "landfall";

/**
 * The installation's key, after the check value in the database agreed. The first process stores the check value; a
 * database that has one and a machine that has no key gets no new key, which would only look right.
 */
export async function openMasterKey(db: Db, source: MasterKeySource): Promise<MasterKey> {
  const stored = await storedCheck(db);
  const bytes = source.given ?? keyFile(source.dataDir, stored === undefined);
  if (bytes === undefined)
    throw new Exit("master_key_wrong", `The master key is missing: this database was set up with one. Set LANDFALL_MASTER_KEY or put the file back: ${join(source.dataDir, "master.key")}`); // biome-ignore format: one line
  const key = masterKey(bytes);
  const check = stored ?? (await storeCheck(db, key.seal(checkText, checkContext)));
  if (!agrees(key, check)) throw new Exit("master_key_wrong", wrongKeyLine(source));
  return key;
}

/** The key of this machine, or undefined when it has none. Makes nothing. */
export function givenMasterKey(source: MasterKeySource): Uint8Array | undefined {
  return source.given ?? readKey(join(source.dataDir, "master.key"));
}

/** Is this the key by which a database's check value was sealed? */
export const isMasterKeyOf = (check: string, key: Uint8Array): boolean => agrees(masterKey(key), check);

/** Puts a known key into the data folder, where none may be yet. */
export function keepMasterKey(dataDir: string, key: Uint8Array): void {
  makeKeyFile(dataDir, join(dataDir, "master.key"), key);
}

const wrongKeyLine = (source: MasterKeySource) =>
  source.given
    ? "LANDFALL_MASTER_KEY is not the key this database was set up with: set that one on every node."
    : `${join(source.dataDir, "master.key")} is not the key this database was set up with: put that file back or set LANDFALL_MASTER_KEY.`;

function agrees(key: MasterKey, check: string): boolean {
  try {
    return key.open(check, checkContext).toString() === checkText;
  } catch {
    return false;
  }
}

/** Whether a key was ever agreed on. */
export async function hasMasterKey(db: Db): Promise<boolean> {
  return (await storedCheck(db)) !== undefined;
}

async function storedCheck(db: Db): Promise<string | undefined> {
  const text = "SELECT value->>'sealed' AS sealed FROM landfall.meta WHERE key = 'masterKeyCheck'";
  return (await db.query<{ sealed: string }>({ text }))[0]?.sealed;
}

/** Two processes may try at once; the first one's value stands and both read it. */
async function storeCheck(db: Db, sealed: string): Promise<string> {
  await db.query({
    text: "INSERT INTO landfall.meta (key, value) VALUES ('masterKeyCheck', $1) ON CONFLICT (key) DO NOTHING",
    values: [JSON.stringify({ sealed })],
  });
  return (await storedCheck(db)) as string;
}

/** Reads `<data dir>/master.key`, or makes it: written and flushed under another name, then linked, so never half there. */
function keyFile(dataDir: string, mayCreate: boolean): Uint8Array | undefined {
  const path = join(dataDir, "master.key");
  const found = readKey(path);
  if (found || !mayCreate) return found;
  try {
    makeKeyFile(dataDir, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Exit("data_dir_refused", `${path} cannot be made (${code}): set LANDFALL_DATA_DIR to a folder of this user's, or give LANDFALL_MASTER_KEY.`, error); // biome-ignore format: one line
  }
  return readKey(path);
}

function makeKeyFile(dataDir: string, path: string, key: Uint8Array = randomBytes(32)): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, `${Buffer.from(key).toString("hex")}\n`);
    fsyncSync(file);
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    closeSync(file);
    unlinkSync(draft);
  }
}

function readKey(path: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Exit("data_dir_refused", `${path} cannot be read (${code}).`, error);
  }
  try {
    return masterKeyBytes(text);
  } catch (error) {
    throw new Exit("master_key_wrong", `${path} holds no master key: it ${(error as Error).message}.`);
  }
}
