// Backup files gone wrong in every way: by accident (bits, cuts, copies, frames in another order) and by somebody who knows the
// format and writes checksums that agree with the lie.
import { createHash } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { frameCipher } from "../../server/backup/archive-cipher.ts";
import {
  type FrameType,
  frameHeadBytes,
  frameTypes,
  hashBytes,
  magic,
  markBytes,
} from "../../server/backup/archive-format.ts";

export interface Damage {
  readonly name: string;
  readonly bytes: Buffer;
}

interface Frame {
  readonly at: number;
  readonly end: number;
  readonly type: FrameType;
}

/** Where the prelude ends and each frame lies. */
export function layout(bytes: Buffer): { prelude: number; frames: Frame[] } {
  const prelude = magic.length + 4 + bytes.readUInt32BE(magic.length) + hashBytes;
  const frames: Frame[] = [];
  for (let at = prelude; at < bytes.length; at = (frames.at(-1) as Frame).end) {
    const end = at + frameHeadBytes + bytes.readUInt32BE(at + 1) + markBytes;
    frames.push({ at, end, type: bytes.readUInt8(at) as FrameType });
  }
  return { prelude, frames };
}

/** Accidents, endlessly, `random` deciding where; each kind in turn. */
export function* accidents(bytes: Buffer, random: () => number): Generator<Damage> {
  const { prelude, frames } = layout(bytes);
  const below = (max: number) => Math.floor(random() * max);
  const pick = () => frames[below(frames.length)] as Frame;
  const slice = (frame: Frame) => bytes.subarray(frame.at, frame.end);
  const flipped = (at: number) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << below(8)), at);
    return copy;
  };
  const cut = (at: number) => bytes.subarray(0, at);
  const without = (from: number, to: number) => Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  const kinds: (() => Damage)[] = [
    () => ((at) => ({ name: `bit flipped in the prelude at ${at}`, bytes: flipped(at) }))(below(prelude)),
    () => ((at) => ({ name: `bit flipped in a frame at ${at}`, bytes: flipped(at) }))(prelude + below(bytes.length - prelude)),
    () => ((f) => ({ name: `bit flipped in a frame's head at ${f.at}`, bytes: flipped(f.at + below(frameHeadBytes)) }))(pick()),
    () => ((f) => ({ name: `bit flipped in a frame's mark at ${f.end}`, bytes: flipped(f.end - 1 - below(markBytes)) }))(pick()),
    () => ((at) => ({ name: `cut in the prelude at ${at}`, bytes: cut(at) }))(below(prelude)),
    () => ((f) => ({ name: `cut between frames at ${f.at}`, bytes: cut(f.at) }))(pick()),
    () => ((f) => ({ name: `cut inside a frame at ${f.at}`, bytes: cut(f.at + 1 + below(f.end - f.at - 1)) }))(pick()),
    () => ({ name: "the last byte is gone", bytes: cut(bytes.length - 1) }),
    () => ((f) => ({ name: `a frame is gone at ${f.at}`, bytes: without(f.at, f.end) }))(pick()),
    () => ((f) => ({ name: `a frame twice at ${f.at}`, bytes: Buffer.concat([cut(f.end), bytes.subarray(f.at)]) }))(pick()),
    () => {
      const index = below(frames.length - 1);
      const [a, b] = [frames[index] as Frame, frames[index + 1] as Frame];
      return { name: `two frames swapped at ${a.at}`, bytes: Buffer.concat([cut(a.at), slice(b), slice(a), bytes.subarray(b.end)]) };
    },
    () => ({ name: "something follows the end", bytes: Buffer.concat([bytes, Buffer.from([below(256)])]) }),
    () => ({ name: "the whole file twice", bytes: Buffer.concat([bytes, bytes]) }),
    () => ((at) => ({ name: `a block of zeros at ${at}`, bytes: Buffer.concat([cut(at), Buffer.alloc(4_096), bytes.subarray(at + 4_096)]) }))(prelude + below(Math.max(1, bytes.length - prelude - 4_096))),
    () => ((at) => ({ name: `4 kB gone at ${at}`, bytes: without(at, at + 4_096) }))(prelude + below(Math.max(1, bytes.length - prelude - 4_096))),
    () => ({ name: "line ends changed, as by a transfer as text", bytes: Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1") }),
  ]; // biome-ignore format: one line a kind
  for (let n = 0; ; n++) yield (kinds[n % kinds.length] as () => Damage)();
}

/** Files of others. */
export const foreign: readonly Damage[] = [
  { name: "nothing", bytes: Buffer.alloc(0) },
  { name: "a pg_dump", bytes: Buffer.from(`PGDMP\u0001\u000f${"x".repeat(500)}`) },
  { name: "SQL", bytes: Buffer.from("DROP SCHEMA landfall CASCADE; -- a dump\n".repeat(50)) },
  { name: "gzip", bytes: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0]) },
  { name: "zeros", bytes: Buffer.alloc(100_000) },
  { name: "the magic alone", bytes: Buffer.from(magic) },
];

// biome-ignore lint/suspicious/noExplicitAny: lies are told about any part of a note
type Note = any;

/** Lies with checksums that agree: the frames of a file that is not encrypted, changed and marked anew, totals too. */
export function forged(bytes: Buffer, change: (frames: { type: FrameType; body: Buffer }[]) => void): Buffer {
  const { prelude, frames } = layout(bytes);
  const opened = frames.slice(0, -1).map(({ at, end, type }) => ({
    type,
    body: zstdDecompressSync(bytes.subarray(at + frameHeadBytes, end - markBytes)) as Buffer,
  }));
  change(opened);
  const parts = [bytes.subarray(0, prelude)];
  const cipher = frameCipher(bytes.subarray(prelude - hashBytes, prelude), undefined);
  const put = (type: FrameType, body: Buffer) => {
    const sealed = cipher.seal(parts.length - 1, type, zstdCompressSync(body));
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt8(type, 0);
    head.writeUInt32BE(sealed.body.length, 1);
    parts.push(Buffer.concat([head, sealed.body, sealed.mark]));
  };
  for (const { type, body } of opened) put(type, body);
  const ends = opened
    .filter((frame) => frame.type === frameTypes.end)
    .map((frame) => JSON.parse(frame.body.toString()));
  const sum = (part: string) => ends.reduce((all, end) => all + end[part], 0);
  const sha256 = createHash("sha256").update(Buffer.concat(parts)).digest("hex");
  const trailer = { tables: ends.length, rows: sum("rows"), bytes: sum("bytes"), frames: opened.length, sha256 };
  put(frameTypes.trailer, Buffer.from(JSON.stringify(trailer)));
  return Buffer.concat(parts);
}

export const noteOf = (frame: { body: Buffer } | undefined): Note => JSON.parse(String(frame?.body));
export const withNote = (note: Note): Buffer => Buffer.from(JSON.stringify(note));

/** Liars who know the format. */
export function lies(bytes: Buffer): Damage[] {
  const headerLie = (name: string, lie: (header: Note) => void) => ({
    name,
    bytes: forged(bytes, (frames) => {
      const header = noteOf(frames[0]);
      lie(header);
      (frames[0] as { body: Buffer }).body = withNote(header);
    }),
  });
  const bomb = zstdCompressSync(Buffer.alloc(200_000_000));
  return [
    headerLie("a migration of the future", (h) => h.migrations.push("9000_future")),
    headerLie("a migration left out", (h) => h.migrations.splice(2, 1)),
    headerLie("no migrations", (h) => h.migrations.splice(0)),
    headerLie("another product", (h) => { h.product = "Other"; }),
    headerLie("a table too many", (h) => h.tables.push({ schema: "public", name: "more", columns: ["id"] })),
    headerLie("a table of another schema", (h) => { h.tables[0].schema = "pg_catalog"; }),
    headerLie("no tables", (h) => h.tables.splice(0)),
    headerLie("a column too many", (h) => h.tables.at(-1).columns.push("id; DROP TABLE x")),
    headerLie("a negative sequence", (h) => { h.sequences.version = "-1"; }),
    {
      name: "an end that counts other rows",
      bytes: forged(bytes, (frames) => {
        const end = frames.find((frame) => frame.type === frameTypes.end) as { body: Buffer };
        end.body = withNote({ ...noteOf(end), rows: 1_000_000 });
      }),
    },
    {
      name: "a frame that unpacks to 200 MB",
      bytes: withFrame(bytes, frameTypes.data, bomb),
    },
    { name: "a header that unpacks to 200 MB", bytes: withFrame(bytes, frameTypes.header, bomb) },
    { name: "a frame that claims 4 GB", bytes: claiming(bytes) },
  ]; // biome-ignore format: one line a lie
}

/** The first frame of the type replaced by these stored bytes, with a checksum that agrees. */
function withFrame(bytes: Buffer, wanted: FrameType, stored: Buffer): Buffer {
  const { prelude, frames } = layout(bytes);
  const number = frames.findIndex((frame) => frame.type === wanted);
  const { at, end } = frames[number] as Frame;
  const sealed = frameCipher(bytes.subarray(prelude - hashBytes, prelude), undefined).seal(number, wanted, stored);
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt8(wanted, 0);
  head.writeUInt32BE(stored.length, 1);
  return Buffer.concat([bytes.subarray(0, at), head, sealed.body, sealed.mark, bytes.subarray(end)]);
}

function claiming(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(0xffffffff, layout(bytes).prelude + 1);
  return copy;
}
