// From the bytes of a JSON body to a value that is safe to hand on: UTF-8, bounded depth, no U+0000, no lone surrogates,
// no `__proto__` keys. Of a repeated key the last one counts, as in every JSON.parse.
import { isUtf8 } from "node:buffer";
import type { Issue } from "../errors/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { textFault } from "./text-fault.ts";

export const jsonDepthMax = 64;
const issuesMax = 20;

export function parseJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw kernelErrors.json_malformed();
  if (isDeeperThan(bytes, jsonDepthMax)) throw kernelErrors.json_too_deep({ params: { max: jsonDepthMax } });
  const text = bytes.toString("utf8");
  const value = parse(text);
  // A raw U+0000 is not JSON and valid UTF-8 holds no surrogates, so only an escape can smuggle one in. Most bodies hold
  // neither escape nor the word, and pay nothing.
  if (!text.includes("\\u") && !text.includes("__proto__")) return value;
  const issues: Issue[] = [];
  collectFaults(value, "", issues);
  if (issues.length > 0) throw kernelErrors.input_invalid({ issues });
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw kernelErrors.json_malformed();
  }
}

/** Counts brackets outside strings, before the parser allocates anything. */
function isDeeperThan(bytes: Buffer, max: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > max) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

function collectFaults(value: unknown, path: string, issues: Issue[]): void {
  if (issues.length >= issuesMax) return;
  if (typeof value === "string") {
    const fault = textFault(value);
    if (fault) issues.push({ path, code: "text_invalid", message: fault });
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    const place = `${path}/${pointerPart(key)}`;
    const fault = textFault(key);
    if (fault) issues.push({ path: place, code: "text_invalid", message: fault });
    else if (key === "__proto__")
      issues.push({ path: place, code: "key_forbidden", message: "This key is not accepted." });
    else collectFaults(member, place, issues);
  }
}

/** One reference token of a JSON Pointer (RFC 6901); what cannot stand in JSON text is shown as U+FFFD. */
export function pointerPart(key: string): string {
  return key.toWellFormed().replaceAll("\u0000", "\ufffd").replaceAll("~", "~0").replaceAll("/", "~1");
}
