// The query string as a flat map of texts. No arrays, no brackets, no repeats: what a caller cannot say cannot be
// misread (D05, J05).
import type { Issue } from "../errors/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { textFault } from "./text-fault.ts";

export type QueryTexts = Readonly<Record<string, string>>;

const parametersMax = 64;
/** The answer for an empty query, so that callers may recognise it. */
export const noQuery: QueryTexts = Object.freeze(Object.create(null));

export function parseQueryText(text: string): QueryTexts {
  if (text === "") return noQuery;
  const parts = text.split("&", parametersMax + 1);
  if (parts.length > parametersMax) refuse("query", "too_many", `At most ${parametersMax} parameters are accepted.`);
  const found: Record<string, string> = Object.create(null);
  for (const part of parts) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decode(equals < 0 ? part : part.slice(0, equals), "query");
    const path = `query.${name}`;
    if (name in found) refuse(path, "repeated", "The parameter stands more than once.");
    found[name] = equals < 0 ? "" : decode(part.slice(equals + 1), path);
  }
  return found;
}

function decode(text: string, path: string): string {
  let decoded = text;
  if (text.includes("+")) decoded = decoded.replaceAll("+", " ");
  if (text.includes("%")) {
    try {
      decoded = decodeURIComponent(decoded);
    } catch {
      refuse(path, "encoding_invalid", "The percent-encoding is not UTF-8.");
    }
  }
  const fault = textFault(decoded);
  if (fault) refuse(path, "text_invalid", fault);
  return decoded;
}

function refuse(path: string, code: string, message: string): never {
  const issue: Issue = { path: path.replaceAll("\u0000", "\ufffd"), code, message };
  throw kernelErrors.input_invalid({ issues: [issue] });
}
