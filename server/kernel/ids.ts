// Identifiers and secrets. Randomness is the operating system's; nothing here is seeded.
import { createHash, randomBytes, randomUUID } from "node:crypto";

/** UUID version 7 (RFC 9562 §5.7): sorts by creation time, so primary keys are appended, not scattered. */
export function uuidv7(nowMs: number = Date.now()): string {
  const time = nowMs.toString(16).padStart(12, "0");
  // The random bits and the variant are those of a version 4, which Node draws from the system many at a time.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** A secret of 192 random bits after its prefix, base64url. Only its hash is stored. */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(24).toString("base64url");
}

/** SHA-256, hex. Enough for secrets that are random themselves; passwords go through argon2id. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
