// Idempotency-Key: the answer is stored in the transaction that has the effect, so after any crash either both are there
// or neither. A repeated request gets the stored answer; one that arrives while the first is worked on is told to wait.
//
// Only answers of committed work are kept. A thrown Problem rolls the transaction back: nothing happened, so the same key
// may be tried again and is judged anew. (Storing refusals would pin a caller to a verdict that a fixed rule or a freed
// unique value has overtaken.)
import { createHash } from "node:crypto";
import type { Db, WriteTags } from "../db/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { textOfOctets } from "../octets.ts";
import type { Reply } from "./route.ts";

export interface KeyedRequest {
  readonly key: string;
  /** Whose key: the same text of another caller is another key. */
  readonly principal: string;
  readonly route: string;
  /** Everything that makes it "the same request": path, query, preconditions, body. */
  readonly fingerprint: Buffer;
  /** The answer carries a secret: store its summary only. */
  readonly secret: boolean;
  readonly tags: WriteTags;
}

export interface KeyedReply {
  readonly reply: Reply;
  readonly replayed: boolean;
}

export const replayedBytesMax = 64 * 1024;
export const keptHours = 24;

export function checkIdempotencyKey(key: string): void {
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw kernelErrors.idempotency_key_invalid({
      issues: [{ path: "header.Idempotency-Key", code: "invalid", message: "1 to 255 printable ASCII characters." }],
    });
}

export function fingerprint(parts: readonly (string | undefined)[], body: Buffer | undefined): Buffer {
  const hash = createHash("sha256").update(JSON.stringify(parts));
  if (body) hash.update(body);
  return hash.digest();
}

export function runOnce(db: Db, request: KeyedRequest, work: (tx: Db) => Promise<Reply>): Promise<KeyedReply> {
  return db.transaction(
    async (tx) => {
      await lock(tx, request);
      const stored = await find(tx, request);
      if (stored) return { reply: replay(stored, request), replayed: true };
      const reply = await work(tx);
      await store(tx, request, reply);
      return { reply, replayed: false };
    },
    { tags: request.tags },
  );
}

/** Never waits: a queue of repeats would hold a connection each. */
async function lock(tx: Db, { principal, route, key }: KeyedRequest): Promise<void> {
  const [row] = await tx.query<{ locked: boolean }>({
    name: "landfall_idempotency_lock",
    text: `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7104)) AS locked`,
    values: [JSON.stringify([principal, route, key])],
  });
  if (!row?.locked) throw kernelErrors.idempotency_in_flight({ retryAfterSeconds: 1 });
}

interface Stored {
  readonly fingerprint: Buffer;
  readonly status: number;
  readonly headers: {
    readonly etag?: string;
    readonly contentType?: string;
    readonly headers?: Record<string, string>;
  };
  readonly body: string | null;
}

// A statement of its own after the lock: its snapshot must see what the lock's last holder committed.
async function find(tx: Db, { principal, route, key }: KeyedRequest): Promise<Stored | undefined> {
  const [row] = await tx.query<Stored>({
    name: "landfall_idempotency_find",
    text: `SELECT fingerprint, status, headers, body FROM landfall."idempotencyKey"
           WHERE principal = $1 AND route = $2 AND key = $3
             AND "createdAt" > clock_timestamp() - interval '${keptHours} hours'`,
    values: [principal, route, key],
  });
  return row;
}

function replay(stored: Stored, request: KeyedRequest): Reply {
  if (!stored.fingerprint.equals(request.fingerprint)) throw kernelErrors.idempotency_key_reused();
  const { headers } = stored;
  return {
    status: stored.status,
    ...(stored.body === null ? {} : { text: stored.body }),
    ...(headers.etag === undefined ? {} : { etag: headers.etag }),
    ...(headers.contentType === undefined ? {} : { contentType: headers.contentType }),
    headers: { ...headers.headers, "Idempotency-Replayed": "true" },
  };
}

async function store(tx: Db, request: KeyedRequest, reply: Reply): Promise<void> {
  const full = fullText(reply);
  const fits = full === null || (!request.secret && Buffer.byteLength(full) <= replayedBytesMax);
  const body = fits ? full : JSON.stringify(reply.summary ?? { replayed: true });
  await tx.query({
    name: "landfall_idempotency_store",
    text: `INSERT INTO landfall."idempotencyKey" (principal, route, key, fingerprint, status, headers, body)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (principal, route, key) DO UPDATE SET fingerprint = excluded.fingerprint,
             status = excluded.status, headers = excluded.headers, body = excluded.body, "createdAt" = clock_timestamp()`,
    values: [request.principal, request.route, request.key, request.fingerprint, reply.status,
      JSON.stringify({ etag: fits ? reply.etag : undefined, contentType: fits ? reply.contentType : undefined, headers: reply.headers }), body], // biome-ignore format: columns
  });
}

function fullText({ text, octets, json }: Reply): string | null {
  if (octets !== undefined) return textOfOctets(octets);
  return text ?? (json === undefined ? null : JSON.stringify(json));
}

/** Removes at most `max` keys past their time; returns how many. */
export async function removeExpiredKeys(db: Db, max: number): Promise<number> {
  const rows = await db.query({
    text: `DELETE FROM landfall."idempotencyKey" WHERE ctid IN
             (SELECT ctid FROM landfall."idempotencyKey"
              WHERE "createdAt" <= clock_timestamp() - interval '${keptHours} hours' LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING 1 AS one`,
    values: [max],
  });
  return rows.length;
}
