// The shape of a backup file, shared by what writes and what reads it. Documented for others in docs/protocol/backup.md.
//
//   magic | prelude: format, cipher | frame 0: header | table, data…, end | table, data…, end | … | trailer
//
// A frame is type, length, body and mark. The body is compressed by itself, so that a frame is the largest thing either
// side ever holds; the mark depends on the file and on the frame's number, so that a frame fits in one place only.

/** A byte above 127 and both line ends, as PNG has them: a transfer as text is noticed in the first eight bytes. */
export const magic = Buffer.from([0x89, 0x4c, 0x46, 0x42, 0x0d, 0x0a, 0x1a, 0x0a]);
export const format = 1;

export const frameTypes = { header: 1, table: 2, data: 3, end: 4, trailer: 5 } as const;
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

export const frameHeadBytes = 5;
export const markBytes = 16;
export const hashBytes = 32;

/** What a reader accepts, whatever a file says about itself. */
export const limits = {
  preludeBytes: 4_096,
  /** Of one piece of a table, before compression. */
  dataBytes: 1_048_576,
  /** Of the header: the names of up to a thousand collections and their columns. */
  headerBytes: 16_777_216,
  /** Of the frames that begin and end a table, and of the trailer. */
  noteBytes: 65_536,
} as const;

export const bodyLimit = (type: FrameType): number =>
  type === frameTypes.data ? limits.dataBytes : type === frameTypes.header ? limits.headerBytes : limits.noteBytes;

/** zstd may make a body that cannot be compressed a little longer. */
export const storedLimit = (type: FrameType): number => bodyLimit(type) + (bodyLimit(type) >> 7) + 1_024;

export interface CipherNote {
  readonly name: "aes-256-gcm";
  readonly kdf: "argon2id";
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  /** Hex, 16 bytes. */
  readonly salt: string;
  /** Hex, 16 bytes: tells a wrong passphrase from damage. */
  readonly check: string;
}

export interface Prelude {
  readonly format: number;
  /** Hex, 16 bytes, drawn for each file. */
  readonly file: string;
  readonly cipher: CipherNote | null;
}

export interface ArchiveTable {
  readonly schema: "landfall" | "public";
  readonly name: string;
  readonly columns: readonly string[];
}

/** What a file says about itself in its first frame. */
export interface ArchiveHeader {
  readonly product: string;
  readonly version: string;
  /** RFC 3339, the moment of the snapshot. */
  readonly createdAt: string;
  readonly installation: string | null;
  readonly postgres: string;
  /** Names of the migrations that had been applied. */
  readonly migrations: readonly string[];
  /** The database's check value of its master key, by which the key it needs is recognised; null before the first start. */
  readonly masterKeyCheck: string | null;
  /** Hex; only in an encrypted file, when asked for. */
  readonly masterKey: string | null;
  /** Last values, as text. */
  readonly sequences: { readonly version: string; readonly seq: string; readonly collection: string };
  readonly tables: readonly ArchiveTable[];
  /** What is in the database and not in the file, one sentence each. */
  readonly notices: readonly string[];
}

/** Of one table: rows, bytes of COPY's text, and their SHA-256 in hex. */
export interface TableTotal {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Trailer {
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  /** Frames before the trailer. */
  readonly frames: number;
  /** Hex: SHA-256 of everything before the trailer's frame. */
  readonly sha256: string;
}

export const tableText = ({ schema, name }: Pick<ArchiveTable, "schema" | "name">): string => `${schema}.${name}`;
