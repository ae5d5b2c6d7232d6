// Hashes of other systems, each against a value that another program made.
import { argon2Sync, pbkdf2Sync, scryptSync } from "node:crypto";
import bcrypt from "bcryptjs";
import { describe, expect, test } from "vitest";
import { createPasswordHasher } from "./password.ts";
import { foreignPassword } from "./password-foreign.ts";

const password = "correct horse battery";
const salt = Buffer.from("sixteen octets..");
const bare = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
const argon = (kind: "argon2i" | "argon2d" | "argon2id") =>
  bare(argon2Sync(kind, { message: Buffer.from(password), nonce: salt, parallelism: 2, tagLength: 24, memory: 256, passes: 3 })); // biome-ignore format: one line

/** The example of github.com/firebase/scrypt. */
const firebase =
  "$firebase-scrypt$ln=14,r=8,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

const made: readonly [name: string, stored: string, password: string][] = [
  ["bcrypt 2b", bcrypt.hashSync(password, 4), password],
  // crypt_blowfish's own test vector.
  ["bcrypt 2a of another program", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"],
  ["argon2i", `$argon2i$v=19$m=256,t=3,p=2$${bare(salt)}$${argon("argon2i")}`, password],
  ["argon2id of another length", `$argon2id$v=19$m=256,t=3,p=2$${bare(salt)}$${argon("argon2id")}`, password],
  ["scrypt", `$scrypt$ln=10,r=8,p=1$${bare(salt)}$${bare(scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 }))}`, password], // biome-ignore format: a table
  ["Firebase", firebase, "user1password"],
  ["PBKDF2", `$pbkdf2-sha512$i=1000$${bare(salt)}$${bare(pbkdf2Sync(password, salt, 1000, 64, "sha512"))}`, password],
  ["Django", `pbkdf2_sha256$1000$seasalt$${pbkdf2Sync(password, "seasalt", 1000, 32, "sha256").toString("base64")}`, password], // biome-ignore format: a table
];

test.each(made)("%s: the right password fits, no other does, and it is to be hashed anew", async (_, stored, right) => {
  const hasher = createPasswordHasher({ cost: { memoryKiB: 64, passes: 1, lanes: 1 } });
  expect(await hasher.verify(right, stored)).toBe(true);
  expect(await hasher.verify(`${right} `, stored)).toBe(false);
  expect(await hasher.verify("", stored)).toBe(false);
  expect(hasher.isOutdated(stored)).toBe(true);
});

describe("what would take the machine down, or is none, is not read", () => {
  test.each([
    "",
    "plain text",
    "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "$scrypt$ln=30,r=8,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OTAxMjM0NTY3ODk",
    "$argon2i$v=19$m=9999999,t=3,p=2$c2FsdHNhbHRzYWx0$MDEyMzQ1Njc4OTAxMjM0NTY3ODk",
    "$argon2i$v=19$m=256,t=0,p=2$c2FsdHNhbHRzYWx0$MDEyMzQ1Njc4OTAxMjM0NTY3ODk",
    "$pbkdf2-sha256$i=99999999$c2FsdHNhbHQ$MDEyMzQ1Njc4OTAxMjM0NTY3ODk",
    "$pbkdf2-md5$i=1000$c2FsdHNhbHQ$MDEyMzQ1Njc4OTAxMjM0NTY3ODk",
    "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$YQ",
  ])("%s", (stored) => expect(foreignPassword(stored)).toBeUndefined());
});
