// ETags of the contract: `"<opaque>"`, with `-br`, `-gz` or `-zst` inside the quotes when the body is compressed, so that
// each coding is a representation of its own and stays a strong validator. The one parser of If-Match and If-None-Match.
import { kernelErrors } from "../errors/kernel.ts";

const codingSuffix = /-(?:br|gz|zst)$/;
/** RFC 9110 §8.8.3: visible characters but the quote, and whatever bytes older senders use. */
const entityTag = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/y;

export interface EntityTag {
  readonly opaque: string;
  readonly weak: boolean;
}

export type MatchHeader = "If-Match" | "If-None-Match";

export function quoteTag(opaque: string, suffix = ""): string {
  return `"${opaque}${suffix}"`;
}

/** If-None-Match (RFC 9110 §13.1.2): weak comparison; a coding suffix is not part of what is compared. */
export function matchesNoneMatch(header: string | undefined, opaque: string): boolean {
  if (header === undefined) return false;
  const tags = parseEntityTags("If-None-Match", header);
  return tags === "*" || tags.some((tag) => tag.opaque.replace(codingSuffix, "") === opaque);
}

/**
 * If-Match (RFC 9110 §13.1.1): the version of each tag, which stands before its first `-`. A weak tag never matches strongly,
 * so it gives none. `*` stays.
 */
export function versionsOfMatch(header: string): "*" | readonly string[] {
  const tags = parseEntityTags("If-Match", header);
  if (tags === "*") return tags;
  return tags.flatMap(({ opaque, weak }) => (weak ? [] : [opaque.split("-", 1)[0] as string]));
}

/** The tags that are listed, at least one, or `*`. Anything else is a 400 that names the header and the position. */
export function parseEntityTags(name: MatchHeader, header: string): "*" | readonly EntityTag[] {
  if (header.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  let at = afterBlanks(header, 0);
  while (at < header.length) {
    // Empty members are passed over (RFC 9110 §5.6.1.2).
    if (header[at] !== ",") {
      entityTag.lastIndex = at;
      const [whole = "", weak, opaque = ""] = entityTag.exec(header) ?? refuse(name, at);
      tags.push({ opaque, weak: weak !== undefined });
      at = afterBlanks(header, at + whole.length);
      if (at < header.length && header[at] !== ",") refuse(name, at);
    }
    at = afterBlanks(header, at + 1);
  }
  return tags.length > 0 ? tags : refuse(name, header.length);
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at++;
  return at;
}

function refuse(name: MatchHeader, position: number): never {
  const message = `Expected "*" or entity tags such as "e1.7", separated by commas; not understood at position ${position}.`;
  throw kernelErrors.input_invalid({ issues: [{ path: `header.${name}`, code: "entity_tag_invalid", message }] });
}
