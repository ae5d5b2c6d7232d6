// Writes a backup file frame by frame. Holds one frame at a time; where it goes is the caller's matter.
import { createHash, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress } from "node:zlib";
import { type Cost, frameCipher, passphraseCost, passphraseKey } from "./archive-cipher.ts";
import {
  type ArchiveHeader,
  type ArchiveTable,
  type CipherNote,
  type FrameType,
  format,
  frameHeadBytes,
  frameTypes,
  limits,
  magic,
  type Prelude,
  type TableTotal,
  type Trailer,
} from "./archive-format.ts";

/** Where bytes go; resolves when it is ready for more. */
export type Sink = (bytes: Buffer) => Promise<void>;

export interface ArchiveWriter {
  header(header: ArchiveHeader): Promise<void>;
  /** One table from COPY's text. */
  table(table: ArchiveTable, text: AsyncIterable<Buffer>): Promise<TableTotal>;
  /** The last frame. Gives the totals and the size of the file. */
  end(): Promise<Trailer & { readonly fileBytes: number }>;
}

const compress = promisify(zstdCompress);

export async function archiveWriter(
  sink: Sink,
  passphrase: string | undefined,
  cost = passphraseCost,
): Promise<ArchiveWriter> {
  const whole = createHash("sha256");
  let fileBytes = 0;
  let frames = 0;
  const totals = { tables: 0, rows: 0, bytes: 0 };
  const write = async (bytes: Buffer) => {
    whole.update(bytes);
    fileBytes += bytes.length;
    await sink(bytes);
  };

  const { bytes: prelude, hash, key } = await preludeFor(passphrase, cost);
  await write(prelude);
  const cipher = frameCipher(hash, key);

  const frame = async (type: FrameType, body: Buffer) => {
    const sealed = cipher.seal(frames, type, await compress(body));
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt8(type, 0);
    head.writeUInt32BE(sealed.body.length, 1);
    frames += 1;
    await write(Buffer.concat([head, sealed.body, sealed.mark]));
  };
  const note = (type: FrameType, value: object) => frame(type, Buffer.from(JSON.stringify(value)));

  return {
    header: (header) => note(frameTypes.header, header),
    async table({ schema, name }, text) {
      await note(frameTypes.table, { schema, name });
      const hashed = createHash("sha256");
      let [rows, bytes] = [0, 0];
      for await (const piece of pieces(text)) {
        hashed.update(piece);
        bytes += piece.length;
        rows += linesIn(piece);
        await frame(frameTypes.data, piece);
      }
      const total: TableTotal = { rows, bytes, sha256: hashed.digest("hex") };
      await note(frameTypes.end, total);
      totals.tables += 1;
      totals.rows += rows;
      totals.bytes += bytes;
      return total;
    },
    async end() {
      const trailer: Trailer = { ...totals, frames, sha256: whole.copy().digest("hex") };
      await note(frameTypes.trailer, trailer);
      return { ...trailer, fileBytes };
    },
  };
}

async function preludeFor(
  passphrase: string | undefined,
  cost: Cost,
): Promise<{ bytes: Buffer; hash: Buffer; key?: Buffer }> {
  const salt = randomBytes(16);
  const derived = passphrase === undefined ? undefined : await passphraseKey(passphrase, salt, cost);
  const cipher: CipherNote | null = derived
    ? { name: "aes-256-gcm", kdf: "argon2id", ...cost, salt: salt.toString("hex"), check: derived.check }
    : null;
  const prelude: Prelude = { format, file: randomBytes(16).toString("hex"), cipher };
  const text = Buffer.from(JSON.stringify(prelude));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const head = Buffer.concat([magic, length, text]);
  const hash = createHash("sha256").update(head).digest();
  return { bytes: Buffer.concat([head, hash]), hash, ...(derived && { key: derived.key }) };
}

/** COPY hands over a row at a time; frames are filled. */
async function* pieces(text: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of text) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + limits.dataBytes - bytes);
      held.push(part);
      bytes += part.length;
      at += part.length;
      if (bytes < limits.dataBytes) continue;
      yield Buffer.concat(held, bytes);
      held = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(held, bytes);
}

/** COPY's text escapes line ends inside of values, so that each one ends a row. */
export function linesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}
