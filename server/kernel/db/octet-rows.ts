// Rows taken off the wire before pg's parser sees them: one string for all that arrived at once, of which every value is a
// part. pg decodes each value for itself, which for a page of records takes longer than all the rest of reading it.
//
// Between socket and parser stands a tap. It follows the frames of Postgres' protocol (one letter, four bytes of length, the
// rest); rows go to the statement that waits for them as octets, everything else, in its order, to the parser.
import type { TextRow } from "./index.ts";

/** Whoever waits for the rows of the statement that is running. */
export interface RowSink {
  takeRow(row: TextRow): void;
}

interface Stream {
  listeners(event: "data"): unknown[];
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  off(event: "data", listener: (chunk: Buffer) => void): unknown;
}

const taps = new WeakMap<object, RowTap>();

/** The tap of a connection's stream, put in place when there is none. Undefined where the stream is not only the parser's. */
export function tapOf(stream: object): RowTap | undefined {
  const known = taps.get(stream);
  if (known) return known;
  const source = stream as Stream;
  const [parse, other] = source.listeners("data") as ((chunk: Buffer) => void)[];
  if (!parse || other) return undefined;
  const tap = new RowTap((chunk) => parse.call(stream, chunk));
  source.on("data", (chunk) => tap.take(chunk));
  source.off("data", parse);
  taps.set(stream, tap);
  return tap;
}

const headBytes = 5;
const dataRow = 0x44;

export class RowTap {
  sink: RowSink | undefined;
  readonly #forward: (bytes: Buffer) => void;
  /** How much of a message that the parser has the beginning of is still to come. */
  #owedBytes = 0;
  /** The beginning of a row, or less than the head of a message. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #neededBytes = 0;

  constructor(forward: (bytes: Buffer) => void) {
    this.#forward = forward;
  }

  take(chunk: Buffer): void {
    const bytes = this.#withHeld(chunk);
    if (!bytes) return;
    let at = Math.min(this.#owedBytes, bytes.length);
    this.#owedBytes -= at;
    // Everything from here to `at` is the parser's.
    let from = 0;
    let octets: string | undefined;
    while (at + headBytes <= bytes.length) {
      const end = at + 1 + bytes.readUInt32BE(at + 1);
      const isRow = bytes[at] === dataRow && this.sink !== undefined;
      if (end > bytes.length) {
        if (isRow) break;
        this.#owedBytes = end - bytes.length;
        this.#forward(from === 0 ? bytes : bytes.subarray(from));
        return;
      }
      if (isRow) {
        if (from < at) this.#forward(bytes.subarray(from, at));
        octets ??= bytes.toString("latin1");
        this.sink?.takeRow(rowAt(bytes, octets, at + headBytes));
        from = end;
      }
      at = end;
    }
    if (from < at) this.#forward(from === 0 && at === bytes.length ? bytes : bytes.subarray(from, at));
    if (at < bytes.length) this.#hold(bytes.subarray(at));
  }

  #hold(rest: Buffer): void {
    this.#held = [rest];
    this.#heldBytes = rest.length;
    this.#neededBytes = rest.length < headBytes ? headBytes : 1 + rest.readUInt32BE(1);
  }

  /** What was held back and the chunk, once that is a whole message; a long one is put together only then. */
  #withHeld(chunk: Buffer): Buffer | undefined {
    if (this.#heldBytes === 0) return chunk;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#neededBytes) return undefined;
    const bytes = Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    return bytes;
  }
}

/** Two bytes of count, then each value as four bytes of length (-1: null) and its text. */
function rowAt(bytes: Buffer, octets: string, start: number): TextRow {
  const count = bytes.readUInt16BE(start);
  const row = new Array<string | null>(count);
  let at = start + 2;
  for (let i = 0; i < count; i++) {
    const size = bytes.readInt32BE(at);
    at += 4;
    if (size < 0) row[i] = null;
    else {
      row[i] = octets.substring(at, at + size);
      at += size;
    }
  }
  return row;
}
