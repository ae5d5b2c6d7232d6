// NDJSON from a byte stream: one line at a time, bounded, numbered from 1. What a line holds is judged by others.
import { errors } from "./record-errors.ts";

export const lineBytesMax = 1024 * 1024;

export interface Line {
  readonly number: number;
  readonly text: string;
}

const newline = 0x0a;

/** Empty lines are passed over but counted. A line that is too long or not UTF-8 ends the stream with its number. */
export async function* linesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Line, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 0;
  let parts: Buffer[] = [];
  let size = 0;
  const take = (last: Buffer): Line | undefined => {
    number += 1;
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    size = 0;
    if (bytes.length > lineBytesMax) throw invalidLine(number);
    const text = decode(decoder, bytes, number).trim();
    return text === "" ? undefined : { number, text };
  };
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      const line = take(bytes.subarray(start, end));
      if (line) yield line;
      start = end + 1;
    }
    parts.push(bytes.subarray(start));
    size += bytes.length - start;
    if (size > lineBytesMax) throw invalidLine(number + 1);
  }
  if (size === 0) return;
  const line = take(Buffer.alloc(0));
  if (line) yield line;
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer, number: number): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw invalidLine(number);
  }
}

export function invalidLine(line: number): Error {
  return errors.import_invalid({ params: { line, maxKiB: lineBytesMax / 1024 } });
}
