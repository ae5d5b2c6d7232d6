// Identifiers and secrets. Randomness is the operating system's; nothing here is seeded.
import { createHash, randomBytes } from "node:crypto";

/** UUID version 7 (RFC 9562 §5.7): sorts by creation time, so primary keys are appended, not scattered. */
export function uuidv7(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A secret of 192 random bits after its prefix, base64url. Only its hash is stored. */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(24).toString("base64url");
}

/** SHA-256, hex. Enough for secrets that are random themselves; passwords go through argon2id. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
