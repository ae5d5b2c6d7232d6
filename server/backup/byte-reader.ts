// Takes exact numbers of bytes from a stream of chunks, and keeps the hash and the count of all that was taken.
import { createHash } from "node:crypto";
import { damaged } from "./errors.ts";

export interface ByteReader {
  /** Exactly so many, or the file is cut off in `where`. */
  take(length: number, where: string): Promise<Buffer>;
  /** So many, or fewer at the end. */
  upTo(length: number): Promise<Buffer>;
  /** Hex, of everything taken so far. */
  sha256(): string;
  count(): number;
  /** Ends the stream, wherever it stands. */
  close(): Promise<void>;
}

export function byteReader(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  const hashed = createHash("sha256");
  let taken = 0;
  let held: Buffer = Buffer.alloc(0);

  const upTo = async (length: number) => {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (held.length === 0) {
        const { done, value } = await chunks.next();
        if (done) break;
        held = value;
      }
      const part = held.subarray(0, missing);
      held = held.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    hashed.update(bytes);
    taken += bytes.length;
    return bytes;
  };
  return {
    upTo,
    async take(length, where) {
      const bytes = await upTo(length);
      if (bytes.length < length) throw damaged(`it ends in ${where}`);
      return bytes;
    },
    sha256: () => hashed.copy().digest("hex"),
    count: () => taken,
    close: async () => void (await chunks.return?.()),
  };
}
