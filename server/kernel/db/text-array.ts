// A text[] in Postgres' binary form, for lists of thousands: in the text form every character is looked at on both sides,
// here to be escaped and there to be read.

const textOid = 25;
const headBytes = 20;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const unitBytesMax = 3;

export function textArrayBytes(values: readonly (string | null)[]): Buffer {
  let size = headBytes;
  for (const value of values) size += 4 + (value === null ? 0 : value.length * unitBytesMax);
  const bytes = Buffer.allocUnsafe(size);
  // Dimensions, whether there are nulls, the type of an element; then of the only dimension its length and lower bound.
  bytes.writeInt32BE(1, 0);
  bytes.writeInt32BE(0, 4);
  bytes.writeInt32BE(textOid, 8);
  bytes.writeInt32BE(values.length, 12);
  bytes.writeInt32BE(1, 16);
  let at = headBytes;
  for (const value of values) {
    const written = value === null ? 0 : bytes.write(value, at + 4);
    bytes.writeInt32BE(value === null ? -1 : written, at);
    if (value === null) bytes[7] = 1;
    at += 4 + written;
  }
  return bytes.subarray(0, at);
}
