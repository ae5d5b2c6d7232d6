// Whether a password was found in a breach, by the range API of haveibeenpwned.com: only the first five hex digits of its SHA-1
// leave the server, and the answer is padded, so that neither they nor its size tell the password. A service that is slow or away
// keeps nobody from setting a password: that is logged and let through.
import { createHash } from "node:crypto";
import type { Logger } from "pino";

export type BreachLookup = (password: string, log: Logger) => Promise<boolean>;

export const breachRangeUrl = "https://api.pwnedpasswords.com/range/";
const timeoutMs = 2_000;
const answerLengthMax = 524_288;

export function createBreachLookup(rangeUrl = breachRangeUrl): BreachLookup {
  return async (password, log) => {
    const digest = createHash("sha1").update(password).digest("hex").toUpperCase();
    try {
      const answer = await fetch(rangeUrl + digest.slice(0, 5), {
        headers: { "add-padding": "true", "user-agent": "landfall" },
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = answer.ok ? await answer.text() : "";
      if (!answer.ok || text.length > answerLengthMax)
        throw new Error(`status ${answer.status}, ${text.length} characters`);
      return lists(text, digest.slice(5));
    } catch (cause) {
      log.warn(
        { event: "breach_lookup_failed", err: cause },
        "a new password was not looked up in breaches, and let through",
      );
      return false;
    }
  };
}

/** Lines `<35 hex digits>:<times>`; padding has 0 times. */
const lists = (text: string, suffix: string) =>
  text.split(/\r?\n/).some((line) => line.startsWith(`${suffix}:`) && Number(line.slice(suffix.length + 1)) > 0);
