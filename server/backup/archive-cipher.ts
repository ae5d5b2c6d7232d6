// The mark of each frame, and with a passphrase its encryption. Without one the mark is a checksum over the frame, its number
// and the file's prelude. With one it is the tag of AES-256-GCM, the nonce being the frame's number: the key belongs to this
// file alone (fresh salt), the last frame has a type of its own, and so frames that were altered, moved, repeated, cut off or
// taken from another file do not open (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár).
import { argon2, createCipheriv, createDecipheriv, createHash, hash, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { type CipherNote, type FrameType, markBytes } from "./archive-format.ts";
import { damaged, refusedArchive, wrongPassphrase } from "./errors.ts";

export interface SealedFrame {
  readonly body: Buffer;
  readonly mark: Buffer;
}

export interface FrameCipher {
  seal(number: number, type: FrameType, body: Buffer): SealedFrame;
  /** Throws when the frame is not the one that was written in this place. */
  open(number: number, type: FrameType, frame: SealedFrame): Buffer;
}

/** What deriving a key from a passphrase costs; it stands in the file. */
export type Cost = Pick<CipherNote, "memoryKiB" | "passes" | "lanes">;

/** Three times what a sign-in costs: a file can be guessed at for years, and is opened rarely. */
export const passphraseCost: Cost = { memoryKiB: 65_536, passes: 3, lanes: 1 };
const costMax: Cost = { memoryKiB: 262_144, passes: 16, lanes: 4 };

const derive = promisify(argon2);

export interface PassphraseKey {
  readonly key: Buffer;
  /** Hex. */
  readonly check: string;
}

/** A passphrase, or how to ask for one, which happens only when a file turns out to be encrypted. */
export type Passphrase = string | (() => Promise<string>) | undefined;

/** 64 bytes from the passphrase: the key, and what its check value is made of. */
export async function passphraseKey(passphrase: string, salt: Buffer, cost: Cost): Promise<PassphraseKey> {
  const { memoryKiB: memory, passes, lanes: parallelism } = cost;
  const bytes = await derive("argon2id", { message: passphrase, nonce: salt, memory, passes, parallelism, tagLength: 64 }); // biome-ignore format: one call
  const check = hash("sha256", bytes.subarray(32), "buffer").subarray(0, markBytes);
  return { key: bytes.subarray(0, 32), check: check.toString("hex") };
}

/** The key of a file that is there. The prelude was whole, so a check that differs means another passphrase. */
export async function openPassphrase(note: CipherNote, given: Passphrase): Promise<Buffer> {
  if (note.name !== "aes-256-gcm" || note.kdf !== "argon2id")
    throw refusedArchive("it is encrypted in a way this version does not know.");
  for (const [part, max] of Object.entries(costMax) as [keyof Cost, number][])
    if (!Number.isInteger(note[part]) || note[part] < 1 || note[part] > max) throw damaged(`its ${part} is out of bounds`); // biome-ignore format: one line
  const passphrase = typeof given === "function" ? await given() : given;
  if (passphrase === undefined)
    throw refusedArchive(
      "it is encrypted; set LANDFALL_BACKUP_PASSPHRASE, or run the command at a terminal to be asked.",
    );
  const { key, check } = await passphraseKey(passphrase, Buffer.from(note.salt, "hex"), note);
  const same = note.check.length === check.length && timingSafeEqual(Buffer.from(note.check), Buffer.from(check));
  if (!same) throw wrongPassphrase();
  return key;
}

/** `prelude` is the hash of everything before the first frame. */
export function frameCipher(prelude: Buffer, key: Buffer | undefined): FrameCipher {
  return key ? sealing(prelude, key) : checking(prelude);
}

function place(prelude: Buffer, number: number, type: FrameType, length: number): Buffer {
  const text = Buffer.alloc(13);
  text.writeBigUInt64BE(BigInt(number), 0);
  text.writeUInt8(type, 8);
  text.writeUInt32BE(length, 9);
  return Buffer.concat([prelude, text]);
}

function nonce(number: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(BigInt(number), 4);
  return bytes;
}

function checking(prelude: Buffer): FrameCipher {
  const markOf = (number: number, type: FrameType, body: Buffer) =>
    createHash("sha256")
      .update(place(prelude, number, type, body.length))
      .update(body)
      .digest()
      .subarray(0, markBytes);
  return {
    seal: (number, type, body) => ({ body, mark: markOf(number, type, body) }),
    open(number, type, { body, mark }) {
      if (!markOf(number, type, body).equals(mark)) throw damaged(`frame ${number} does not match its checksum`);
      return body;
    },
  };
}

function sealing(prelude: Buffer, key: Buffer): FrameCipher {
  return {
    seal(number, type, plain) {
      const cipher = createCipheriv("aes-256-gcm", key, nonce(number)).setAAD(
        place(prelude, number, type, plain.length),
      );
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return { body, mark: cipher.getAuthTag() };
    },
    open(number, type, { body, mark }) {
      const cipher = createDecipheriv("aes-256-gcm", key, nonce(number), { authTagLength: markBytes })
        .setAAD(place(prelude, number, type, body.length))
        .setAuthTag(mark);
      try {
        return Buffer.concat([cipher.update(body), cipher.final()]);
      } catch {
        throw damaged(`frame ${number} was altered or is not in its place`);
      }
    },
  };
}
