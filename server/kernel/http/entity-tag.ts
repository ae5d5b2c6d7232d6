// ETags of the contract: `"<opaque>"`, with `-br`, `-gz` or `-zst` inside the quotes when the body is compressed, so that
// each coding is a representation of its own and stays a strong validator.

const codingSuffix = /-(?:br|gz|zst)$/;
const listed = /(?:W\/)?"([^"]*)"/g;

export function quoteTag(opaque: string, suffix = ""): string {
  return `"${opaque}${suffix}"`;
}

/** If-None-Match (RFC 9110 §13.1.2): weak comparison; a coding suffix is not part of what is compared. */
export function matchesNoneMatch(header: string | undefined, opaque: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  for (const [, tag = ""] of header.matchAll(listed)) if (tag.replace(codingSuffix, "") === opaque) return true;
  return false;
}

/** The version part that If-Match compares: what stands before the first `-`. `*` stays; undefined: not one strong tag. */
export function versionOfMatch(header: string): string | undefined {
  const text = header.trim();
  if (text === "*") return "*";
  const tag = /^"([^"]*)"$/.exec(text)?.[1];
  return tag?.split("-", 1)[0];
}
