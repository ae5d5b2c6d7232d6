// The log: one JSON line per event (pino), and no secret in any of them. Every line is scrubbed as text on its way out,
// whatever field, message or stack a secret came in by; redaction by field name would miss the one nobody thought of.
import { destination, type Level, type Logger, pino, stdSerializers } from "pino";
import { product } from "./product.ts";

export interface LogOptions {
  readonly level: Level | "silent";
  /** Where lines go; default standard output, written in batches. */
  readonly sink?: { write(line: string): void };
  /** Secrets without a prefix of ours that must never appear: the service key, the master key, the database password. */
  readonly secrets?: readonly string[];
}

export interface Log {
  readonly log: Logger;
  /** Writes out what is still buffered. Call before exit. */
  flush(): void;
}

export function createLog(options: LogOptions): Log {
  const output = options.sink ?? destination({ fd: 1, minLength: 4096, sync: true });
  const scrub = createScrubber(options.secrets ?? []);
  const flush = () => (output as { flushSync?: () => void }).flushSync?.();
  // Batched lines of a quiet server should not wait for the next request.
  if (!options.sink) setInterval(flush, 500).unref();
  const log = pino(
    { level: options.level, base: null, serializers: { err: stdSerializers.errWithCause } },
    { write: (line: string) => void output.write(scrub(line)) },
  );
  return { log, flush };
}

const removed = "[secret]";
const prefixes = Object.values(product.secretPrefixes).map((prefix) => `${prefix}[A-Za-z0-9_-]+`);

// In lines of JSON a quote inside a text is written \", hence the two ways to end a value.
const patterns = [
  ...prefixes,
  '(?<=[Bb]earer )[^\\s"\\\\,]+',
  "(?<=[Bb]asic )[A-Za-z0-9+/=]{6,}",
  // JSON Web Tokens.
  "eyJ[A-Za-z0-9_-]{6,}\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*",
  // Passwords in connection URLs.
  '(?<=://[^\\s/:@"]{0,256}:)[^\\s/@"]+(?=@)',
  // Signed URLs and one-time links.
  '(?<=[?&](?:token|code|key|secret|signature|sig|access_token|X-Amz-Signature|X-Amz-Security-Token)=)[^\\s&"\\\\#]+',
  // Members whose name says it, in our own JSON or in JSON quoted inside a text.
  '(?<=\\\\?"(?:authorization|cookie|set-cookie|password|newPassword|currentPassword|secret|token|accessToken|refreshToken|apiKey|otp)\\\\?":\\\\?")(?:[^"\\\\]|\\\\[^"])+',
];
// Most lines hold nothing of the kind; one cheap look spares them the long one.
const suspicious =
  /lf_|[Bb]earer|[Bb]asic |eyJ|:\/\/|[Tt]oken|[Cc]ode=|[Kk]ey|[Ss]ecret|[Ss]ig|password|Password|ookie|uthorization|otp/;

export function createScrubber(secrets: readonly string[]): (line: string) => string {
  const exact = secrets.filter((secret) => secret.length >= 6).map(quoteForPattern);
  const all = new RegExp([...exact, ...patterns].join("|"), "g");
  const exactOnly = exact.length > 0 ? new RegExp(exact.join("|")) : undefined;
  return (line) => (suspicious.test(line) || exactOnly?.test(line) ? line.replace(all, removed) : line);
}

/** As it stands in a JSON line: escaped twice, once for JSON and once for the pattern. */
function quoteForPattern(secret: string): string {
  return JSON.stringify(secret)
    .slice(1, -1)
    .replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
