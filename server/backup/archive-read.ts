// Reads a backup file and believes nothing of it: every frame is checked before it is handed on, the order of frames must be
// a file's, and only the trailer at the very end says that it is whole. Bounded in memory whatever the file says.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import { z } from "zod";
import { type FrameCipher, frameCipher, openPassphrase, type Passphrase } from "./archive-cipher.ts";
import {
  type ArchiveHeader,
  type ArchiveTable,
  bodyLimit,
  type FrameType,
  format,
  frameHeadBytes,
  frameTypes,
  hashBytes,
  limits,
  magic,
  markBytes,
  type Prelude,
  storedLimit,
  type TableTotal,
  type Trailer,
  tableText,
} from "./archive-format.ts";
import { linesIn } from "./archive-write.ts";
import { type ByteReader, byteReader } from "./byte-reader.ts";
import { damaged, refusedArchive } from "./errors.ts";

export interface ArchiveVisitor {
  header?(header: ArchiveHeader): Promise<void>;
  /** Must read `text` to its end, which throws when the table is not what was written. */
  table?(table: ArchiveTable, text: AsyncIterable<Buffer>): Promise<void>;
}

/** What a file that was read to its end holds. */
export interface Contents {
  readonly header: ArchiveHeader;
  /** One for each table of the header, in its order. */
  readonly totals: readonly TableTotal[];
  readonly trailer: Trailer;
  readonly encrypted: boolean;
  readonly fileBytes: number;
}

const decompress = promisify(zstdDecompress);

export async function readArchive(
  source: AsyncIterable<Buffer>,
  passphrase: Passphrase,
  visitor: ArchiveVisitor = {},
): Promise<Contents> {
  const bytes = byteReader(source);
  try {
    const { prelude, hash } = await readPrelude(bytes);
    const key = prelude.cipher ? await openPassphrase(prelude.cipher, passphrase) : undefined;
    const frames = frameReader(bytes, frameCipher(hash, key));
    const header = parsed(headerShape, await frames.expect(frameTypes.header)) as ArchiveHeader;
    await visitor.header?.(header);
    const totals: TableTotal[] = [];
    for (const table of header.tables) totals.push(await readTable(frames, table, visitor));
    const trailer = await readTrailer(bytes, frames, totals);
    return { header, totals, trailer, encrypted: key !== undefined, fileBytes: bytes.count() };
  } finally {
    await bytes.close();
  }
}

/** What can be said of a file without reading it, and without its passphrase. Nothing of it is proven but its checksums. */
export async function readBeginning(
  source: AsyncIterable<Buffer>,
): Promise<{ readonly encrypted: boolean; readonly header: ArchiveHeader | undefined }> {
  const bytes = byteReader(source);
  try {
    const { prelude, hash } = await readPrelude(bytes);
    if (prelude.cipher) return { encrypted: true, header: undefined };
    const header = await frameReader(bytes, frameCipher(hash, undefined)).expect(frameTypes.header);
    return { encrypted: false, header: parsed(headerShape, header) as ArchiveHeader };
  } finally {
    await bytes.close();
  }
}

async function readPrelude(bytes: ByteReader): Promise<{ prelude: Prelude; hash: Buffer }> {
  const start = await bytes.upTo(magic.length);
  if (!start.equals(magic)) throw notOurs(start);
  const lengthBytes = await bytes.take(4, "its beginning");
  const length = lengthBytes.readUInt32BE();
  if (length > limits.preludeBytes) throw damaged("its beginning is too long");
  const text = await bytes.take(length, "its beginning");
  const hash = createHash("sha256").update(magic).update(lengthBytes).update(text).digest();
  if (!hash.equals(await bytes.take(hashBytes, "its beginning"))) throw damaged("its beginning does not match its checksum"); // biome-ignore format: one line
  const found = json(text) as { format?: unknown };
  if (typeof found?.format === "number" && found.format > format)
    throw refusedArchive(`it has format ${found.format} and this version reads ${format}: use a newer Landfall.`);
  return { prelude: parsed(preludeShape, text) as Prelude, hash };
}

function notOurs(start: Buffer): Error {
  if (start.length === 0) return refusedArchive("it is empty.");
  if (start.subarray(0, 5).equals(magic.subarray(0, 5)) || start.includes("LFB")) return damaged("it was changed on its way, as by a transfer as text"); // biome-ignore format: one line
  return refusedArchive("it is no backup of Landfall.");
}

interface FrameReader {
  /** The next frame's body, which must be of this type. */
  expect(type: FrameType): Promise<Buffer>;
  /** The next data frame's body, or the end frame's. */
  dataOrEnd(): Promise<{ type: FrameType; body: Buffer }>;
  count(): number;
}

function frameReader(bytes: ByteReader, cipher: FrameCipher): FrameReader {
  let number = 0;
  const next = async (allowed: readonly FrameType[]) => {
    const head = await bytes.take(frameHeadBytes, `frame ${number}`);
    const type = head.readUInt8(0) as FrameType;
    if (!allowed.includes(type)) throw damaged(`frame ${number} is not what should stand there`);
    const length = head.readUInt32BE(1);
    if (length > storedLimit(type)) throw damaged(`frame ${number} is too long`);
    const body = await bytes.take(length, `frame ${number}`);
    const mark = await bytes.take(markBytes, `frame ${number}`);
    const opened = await expanded(cipher.open(number, type, { body, mark }), type, number);
    number += 1;
    return { type, body: opened };
  };
  return {
    expect: async (type) => (await next([type])).body,
    dataOrEnd: () => next([frameTypes.data, frameTypes.end]),
    count: () => number,
  };
}

/** A frame that unpacks to more than its kind may hold is refused while it unpacks. */
async function expanded(body: Buffer, type: FrameType, number: number): Promise<Buffer> {
  try {
    return await decompress(body, { maxOutputLength: bodyLimit(type) });
  } catch {
    throw damaged(`frame ${number} cannot be unpacked`);
  }
}

async function readTable(frames: FrameReader, table: ArchiveTable, visitor: ArchiveVisitor): Promise<TableTotal> {
  const named = parsed(tableNoteShape, await frames.expect(frameTypes.table));
  if (named.schema !== table.schema || named.name !== table.name) throw damaged(`${tableText(table)} is not in its place`); // biome-ignore format: one line
  let total: TableTotal | undefined;
  async function* text(): AsyncGenerator<Buffer> {
    const hashed = createHash("sha256");
    let [rows, size] = [0, 0];
    for (;;) {
      const { type, body } = await frames.dataOrEnd();
      if (type === frameTypes.end) {
        const said = parsed(totalShape, body);
        if (said.rows !== rows || said.bytes !== size || said.sha256 !== hashed.digest("hex")) throw damaged(`${tableText(table)} is not what its end says`); // biome-ignore format: one line
        total = said;
        return;
      }
      hashed.update(body);
      rows += linesIn(body);
      size += body.length;
      yield body;
    }
  }
  if (visitor.table) await visitor.table(table, text());
  else for await (const _ of text());
  if (!total) throw new Error(`${tableText(table)} was not read to its end`);
  return total;
}

async function readTrailer(bytes: ByteReader, frames: FrameReader, totals: readonly TableTotal[]): Promise<Trailer> {
  const sha256 = bytes.sha256();
  const count = frames.count();
  const trailer = parsed(trailerShape, await frames.expect(frameTypes.trailer));
  const sum = (part: "rows" | "bytes") => totals.reduce((all, total) => all + total[part], 0);
  const holds = trailer.sha256 === sha256 && trailer.frames === count && trailer.tables === totals.length && trailer.rows === sum("rows") && trailer.bytes === sum("bytes"); // biome-ignore format: one question
  if (!holds) throw damaged("its end does not match what came before");
  if ((await bytes.upTo(1)).length > 0) throw damaged("something follows its end");
  return trailer;
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw damaged("a note in it is no JSON");
  }
}

function parsed<Shape extends z.ZodType>(shape: Shape, bytes: Buffer): z.output<Shape> {
  const result = shape.safeParse(json(bytes));
  if (!result.success) throw damaged("a note in it has another shape than it should");
  return result.data;
}

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const count = z.int().min(0);
const schemaName = z.enum(["landfall", "public"]);
const identifier = z.string().min(1).max(63);
const number = z.string().regex(/^\d{1,19}$/);

const preludeShape = z.object({
  format: z.literal(format),
  file: hex(16),
  cipher: z
    .object({
      name: z.string(),
      kdf: z.string(),
      memoryKiB: z.int(),
      passes: z.int(),
      lanes: z.int(),
      salt: hex(16),
      check: hex(16),
    })
    .nullable(),
});

const headerShape = z.object({
  product: z.literal("Landfall"),
  version: z.string().max(100),
  createdAt: z.iso.datetime(),
  installation: z.string().max(100).nullable(),
  postgres: z.string().max(100),
  migrations: z.array(identifier).max(10_000),
  masterKeyCheck: z.string().max(1_000).nullable(),
  masterKey: hex(32).nullable(),
  sequences: z.object({ version: number, seq: number, collection: number }),
  tables: z
    .array(z.object({ schema: schemaName, name: identifier, columns: z.array(identifier).min(1).max(1_600) }))
    .max(100_000),
  notices: z.array(z.string().max(10_000)).max(100_000),
});

const tableNoteShape = z.object({ schema: schemaName, name: identifier });
const totalShape = z.object({ rows: count, bytes: count, sha256: hex(32) });
const trailerShape = z.object({ tables: count, rows: count, bytes: count, frames: count, sha256: hex(32) });
