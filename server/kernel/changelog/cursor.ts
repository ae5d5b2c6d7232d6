// A cursor as it travels: base64url of one JSON array. Opaque to clients; a forged one is answered by `resync` at worst,
// because epoch and nonce are checked against the database whenever it is used.
import type { Cursor } from "./types.ts";

export function encodeCursor(cursor: Cursor): string {
  const { page } = cursor;
  const parts = [cursor.epoch, cursor.tick, cursor.nonce, ...(page ? [page.tick, page.nonce, page.seq] : [])];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** Null for anything that `encodeCursor` did not write. */
export function decodeCursor(text: string): Cursor | null {
  const parts = parsed(text);
  if (!Array.isArray(parts) || (parts.length !== 3 && parts.length !== 6)) return null;
  const [epoch, tick, nonce, pageTick, pageNonce, pageSeq] = parts as unknown[];
  if (!isWord(epoch) || !isCount(tick) || !isWord(nonce)) return null;
  if (parts.length === 3) return { epoch, tick, nonce };
  if (!isCount(pageTick) || pageTick <= tick || !isWord(pageNonce) || !isCount(pageSeq)) return null;
  return { epoch, tick, nonce, page: { tick: pageTick, nonce: pageNonce, seq: pageSeq } };
}

function parsed(text: string): unknown {
  if (text.length > 400 || !/^[\w-]+$/.test(text)) return null;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return null;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isWord = (value: unknown): value is string => typeof value === "string" && /^[\w-]{1,40}$/.test(value);
