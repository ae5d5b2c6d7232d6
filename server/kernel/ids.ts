// Identifiers and secrets. Randomness is the operating system's; nothing here is seeded.
import { createHash, randomBytes, randomUUID } from "node:crypto";

/** A clock set back further than this is believed; a smaller step keeps the order instead. */
const backstepMs = 10_000;
let lastMs = 0;
let counter = 0;

/**
 * UUID version 7 (RFC 9562 §5.7): sorts by creation time, so primary keys are appended, not scattered. Ids of one process
 * within one millisecond keep their order too: twelve bits count up from a random start (§6.2, method 1).
 */
export function uuidv7(nowMs: number = Date.now()): string {
  // The random bits and the variant are those of a version 4, which Node draws from the system many at a time.
  const random = randomUUID();
  if (nowMs > lastMs || nowMs < lastMs - backstepMs) {
    lastMs = nowMs;
    counter = Number.parseInt(random.slice(0, 3), 16) >> 1;
  } else if (++counter > 0xfff) {
    lastMs += 1;
    counter = 0;
  }
  const time = lastMs.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}${random.slice(18)}`;
}

/** A secret of 192 random bits after its prefix, base64url. Only its hash is stored. */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(24).toString("base64url");
}

/** SHA-256, hex. Enough for secrets that are random themselves; passwords go through argon2id. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
