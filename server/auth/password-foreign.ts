// Passwords as other systems kept them, so that users who are moved here need no new one. An imported hash is good for checking
// only: the next sign-in that fits makes it argon2id (password.ts). Costs are bounded, since an import names them.
//
//   bcrypt            $2b$12$…                                      also 2a and 2y
//   argon2            $argon2i$v=19$m=65536,t=3,p=4$salt$hash       also argon2id and argon2d of any cost
//   scrypt            $scrypt$ln=14,r=8,p=1$salt$hash
//   PBKDF2            $pbkdf2-sha256$i=600000$salt$hash             also sha1 and sha512; passlib's and Django's own forms
//   Firebase's scrypt $firebase-scrypt$ln=14,r=8,ss=<salt separator>,sk=<signer key>$salt$hash
import { argon2, createCipheriv, pbkdf2, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

type Verify = (password: string) => Promise<boolean>;

/** How a password is checked against this hash; undefined when it is none of these, or asks for more work than is given. */
export function foreignPassword(stored: string): Verify | undefined {
  if (stored.length > 1_000) return undefined;
  for (const [form, read] of forms) {
    const match = form.exec(stored);
    if (match) return read(match.groups as Groups);
  }
  return undefined;
}

type Groups = { readonly [name: string]: string };

const b64 = "[A-Za-z0-9+/._-]+={0,2}";
const ends = String.raw`\$(?<salt>${b64})\$(?<hash>${b64})$`;
const forms: readonly (readonly [form: RegExp, read: (groups: Groups) => Verify | undefined])[] = [
  [/^(?<whole>\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53})$/, readBcrypt],
  [new RegExp(String.raw`^\$(?<kind>argon2(?:id|i|d))\$v=19\$m=(?<m>\d{1,7}),t=(?<t>\d{1,3}),p=(?<p>\d{1,2})${ends}`), readArgon2], // biome-ignore format: one line a form
  [new RegExp(String.raw`^\$scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,2}),p=(?<p>\d{1,2})${ends}`), readScrypt],
  [new RegExp(String.raw`^\$firebase-scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,2}),ss=(?<ss>${b64}),sk=(?<sk>${b64})${ends}`), readFirebase], // biome-ignore format: one line a form
  [new RegExp(String.raw`^\$pbkdf2(?:-(?<digest>sha1|sha256|sha512))?\$(?:i=)?(?<i>\d{1,8})(?:,l=\d+)?${ends}`), readPbkdf2], // biome-ignore format: one line a form
  [/^pbkdf2_(?<digest>sha1|sha256|sha512)\$(?<i>\d{1,8})\$(?<text>[A-Za-z0-9]{1,64})\$(?<hash>[A-Za-z0-9+/]+={0,2})$/, readPbkdf2], // biome-ignore format: one line a form
];

/** About a second of work, and what one check may hold of memory. */
const bcryptCostMax = 14;
const memoryKiBMax = 262_144;
const pbkdf2RoundsMax = 5_000_000;
const tagBytesMax = 64;

/** Passlib writes `.` for `+`; both alphabets and missing padding are read. */
const bytes = (text: string) => Buffer.from(text.replaceAll(".", "+"), "base64");

const fits = (tag: Buffer) => tag.length >= 16 && tag.length <= tagBytesMax;
const same = (left: Buffer, right: Buffer) => left.length === right.length && timingSafeEqual(left, right);

function readBcrypt({ whole = "", cost }: Groups): Verify | undefined {
  if (Number(cost) < 4 || Number(cost) > bcryptCostMax) return undefined;
  return (password) => bcryptInWorker(password, whole);
}

/** Node's crypto has no bcrypt, and in JavaScript it would hold every other request up for as long as it takes. */
function bcryptInWorker(password: string, stored: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./password-bcrypt.ts", import.meta.url), { workerData: { password, stored } });
    worker.once("message", (right: unknown) => resolve(right === true));
    worker.once("error", reject);
    worker.once("exit", () => resolve(false));
  });
}

function readArgon2({ kind = "", m, t, p, salt = "", hash = "" }: Groups): Verify | undefined {
  const tag = bytes(hash);
  const cost = { memory: Number(m), passes: Number(t), parallelism: Number(p) };
  const nonce = bytes(salt);
  if (!fits(tag) || nonce.length < 8 || cost.memory > memoryKiBMax || cost.passes > 10) return undefined;
  if (cost.passes < 1 || cost.parallelism < 1 || cost.memory < 8 * cost.parallelism) return undefined;
  return async (password) => {
    const parameters = { message: Buffer.from(password, "utf8"), nonce, tagLength: tag.length, ...cost };
    const derive = promisify(argon2);
    return same(await derive(kind as "argon2i", parameters), tag);
  };
}

const deriveScrypt = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);

/** Undefined when these parameters want more memory than a check may have (RFC 7914 §2: 128 · N · r bytes). */
function scryptCost(ln: number, r: number, p: number) {
  const N = 2 ** ln;
  const memory = 128 * N * r;
  if (ln < 1 || r < 1 || p < 1 || p > 16 || memory > memoryKiBMax * 1024) return undefined;
  return { N, r, p, maxmem: 2 * memory + 1024 * 1024 * p };
}

function readScrypt({ ln, r, p, salt = "", hash = "" }: Groups): Verify | undefined {
  const tag = bytes(hash);
  const cost = scryptCost(Number(ln), Number(r), Number(p));
  if (cost === undefined || !fits(tag)) return undefined;
  return async (password) => same(await deriveScrypt(password, bytes(salt), tag.length, cost), tag);
}

/** github.com/firebase/scrypt: what scrypt derives encrypts the project's signer key, and that is the hash. */
function readFirebase({ ln, r, ss = "", sk = "", salt = "", hash = "" }: Groups): Verify | undefined {
  const signer = bytes(sk);
  const tag = bytes(hash);
  const cost = scryptCost(Number(ln), Number(r), 1);
  if (cost === undefined || signer.length < 16 || signer.length > tagBytesMax || tag.length !== signer.length)
    return undefined;
  return async (password) => {
    const key = await deriveScrypt(password, Buffer.concat([bytes(salt), bytes(ss)]), 32, cost);
    const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
    return same(Buffer.concat([cipher.update(signer), cipher.final()]), tag);
  };
}

const derivePbkdf2 = promisify(pbkdf2);

/** `text`: Django's salt, which is taken as it is written. */
function readPbkdf2({ digest = "sha1", i, salt, text, hash = "" }: Groups): Verify | undefined {
  const rounds = Number(i);
  const tag = bytes(hash);
  if (rounds < 1 || rounds > pbkdf2RoundsMax || !fits(tag)) return undefined;
  const nonce = text === undefined ? bytes(salt ?? "") : Buffer.from(text);
  return async (password) => same(await derivePbkdf2(password, nonce, rounds, tag.length, digest), tag);
}
