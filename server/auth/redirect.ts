// Where a sign-in may return to. An address is allowed when it stands in the collection's settings, letter for letter; nothing is
// matched by prefix, host or pattern (T07, RFC 9700 §4.1).
import { errors } from "./errors.ts";

/** Schemes that a browser would run, read or show as ours. Apps name their own, https, or loopback (RFC 8252 §7). */
const closed = new Set(["javascript:", "data:", "vbscript:", "file:", "blob:", "about:", "filesystem:", "view-source:", "ws:", "wss:", "ftp:"]); // biome-ignore format: one line

/** Throws `redirect_not_allowed` (400). */
export function checkRedirect(redirect: string, allowed: readonly string[], publicUrl: string): void {
  const hosted = `${publicUrl.replace(/\/$/, "")}/auth/`;
  if (!isRedirect(redirect) || !(allowed.includes(redirect) || redirect === hosted))
    throw errors.redirect_not_allowed();
}

/** Whether an address can be one at all, whoever lists it. */
export function isRedirect(text: string): boolean {
  const url = /^[!-~]+$/.test(text) ? URL.parse(text) : null;
  if (url === null || url.hash !== "" || text.includes("#") || url.username !== "" || url.password !== "") return false;
  if (url.protocol === "http:") return /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  return !closed.has(url.protocol);
}

/** The address with what it is told, in its query. What was there before stays. */
export function withParameters(redirect: string, parameters: { readonly [name: string]: string | undefined }): string {
  const url = new URL(redirect);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}
