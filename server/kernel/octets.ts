// UTF-8 in a string of one character per byte, what Node calls `latin1`. What comes from Postgres in UTF-8 and leaves in
// UTF-8 need not be decoded and encoded on the way: JSON's own signs are ASCII, and no byte of a longer character is.

export const textOfOctets = (octets: string): string =>
  beyondAscii.test(octets) ? Buffer.from(octets, "latin1").toString("utf8") : octets;

export const octetsOfText = (text: string): string =>
  beyondAscii.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;

export const bytesOfOctets = (octets: string): Buffer => Buffer.from(octets, "latin1");

const beyondAscii = /[^\0-\x7f]/;
