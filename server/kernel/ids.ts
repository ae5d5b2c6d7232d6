// Identifiers and secrets. Randomness is the operating system's; nothing here is seeded.
import { createHash, randomBytes, randomFillSync } from "node:crypto";

/** A clock set back further than this is believed; a smaller step keeps the order instead. */
const backstepMs = 10_000;
let lastMs = 0;
let counter = 0;
/** The first twelve digits of ids made in `lastMs`. */
let prefix = "";

/** Drawn from the system many at a time: each id takes ten bytes. */
const drawn = Buffer.alloc(10 * 256);
let next = drawn.length;

/**
 * UUID version 7 (RFC 9562 §5.7): sorts by creation time, so primary keys are appended, not scattered. Ids of one process
 * within one millisecond keep their order too: twelve bits count up from a random start (§6.2, method 1).
 */
export function uuidv7(nowMs: number = Date.now()): string {
  if (next === drawn.length) {
    randomFillSync(drawn);
    next = 0;
  }
  const at = next;
  next += 10;
  if (nowMs > lastMs || nowMs < lastMs - backstepMs) begin(nowMs, drawn.readUInt16BE(at) & 0x7ff);
  else if (++counter > 0xfff) begin(lastMs + 1, 0);
  // The variant: the two bits `10`.
  drawn[at + 2] = ((drawn[at + 2] as number) & 0x3f) | 0x80;
  const random = drawn.toString("hex", at + 2, at + 10);
  return `${prefix}-${(0x7000 | counter).toString(16)}-${random.slice(0, 4)}-${random.slice(4)}`;
}

function begin(ms: number, count: number): void {
  lastMs = ms;
  counter = count;
  const time = ms.toString(16).padStart(12, "0");
  prefix = `${time.slice(0, 8)}-${time.slice(8)}`;
}

/** A secret of 192 random bits after its prefix, base64url. Only its hash is stored. */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(24).toString("base64url");
}

/** SHA-256, hex. Enough for secrets that are random themselves; passwords go through argon2id. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
