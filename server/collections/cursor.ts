// Page cursors: opaque to clients, bound to one query and one caller. They carry the database's own text of each sort
// key, never its JSON form, so that a value goes back exactly as it came. Format: docs/protocol/cursors.md.
import { createHmac, hash, type KeyObject, timingSafeEqual } from "node:crypto";
import { errors } from "./record-errors.ts";

/** Postgres' text of each sort key of the last row of a page, `id` last. Null is SQL NULL. */
export type CursorKeys = readonly (string | null)[];

const macBytes = 16;
const hashBytes = 16;
const textMax = 16_384;

/** What a cursor is good for: one question by one caller. Everything that decides order or membership goes in. */
export function queryHash(parts: readonly string[]): Buffer {
  const text = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join("");
  return hash("sha256", text, "buffer").subarray(0, hashBytes);
}

export function encodeCursor(secret: KeyObject, query: Buffer, keys: CursorKeys): string {
  const payload = Buffer.concat([query, Buffer.from(JSON.stringify(keys))]);
  return Buffer.concat([mac(secret, payload), payload]).toString("base64url");
}

/** The keys, or `cursor_invalid` for anything this server did not make for this very query. */
export function decodeCursor(secret: KeyObject, query: Buffer, text: string, count: number): CursorKeys {
  if (text.length > textMax || !/^[A-Za-z0-9_-]+$/.test(text)) throw errors.cursor_invalid();
  const bytes = Buffer.from(text, "base64url");
  // A base64url text has spare bits at its end; only the canonical spelling counts as unaltered.
  if (bytes.length <= macBytes + hashBytes || bytes.toString("base64url") !== text) throw errors.cursor_invalid();
  const payload = bytes.subarray(macBytes);
  const genuine = timingSafeEqual(mac(secret, payload), bytes.subarray(0, macBytes));
  if (!genuine || !payload.subarray(0, hashBytes).equals(query)) throw errors.cursor_invalid();
  const keys = JSON.parse(payload.subarray(hashBytes).toString()) as CursorKeys;
  if (keys.length !== count) throw errors.cursor_invalid();
  return keys;
}

function mac(secret: KeyObject, payload: Buffer): Buffer {
  return createHmac("sha256", secret).update(payload).digest().subarray(0, macBytes);
}
