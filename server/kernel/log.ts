// The log: one JSON line per event (pino), and no secret in any of them. Every line is scrubbed as text on its way out,
// whatever field, message or stack a secret came in by; redaction by field name would miss the one nobody thought of.
import { type Level, type Logger, pino, stdSerializers, stdTimeFunctions } from "pino";
import { createLogOutput, type LogOutput, toDescriptor } from "./log-output.ts";
import { product } from "./product.ts";

export interface LogOptions {
  readonly level: Level | "silent";
  /** Where lines go; default standard error, written in batches: standard output is for what a person or a script reads. */
  readonly sink?: { write(line: string): void };
  /** Secrets without a prefix of ours that must never appear: the service key, the master key, the database password. */
  readonly secrets?: readonly string[];
}

export interface Log {
  readonly log: Logger;
  /** Writes out what is still buffered; also done at exit. A kill may lose the last half second. */
  flush(): void;
}

export function createLog(options: LogOptions): Log {
  const output = options.sink ?? createLogOutput({ put: toDescriptor(2) });
  const scrub = createScrubber(options.secrets ?? []);
  const flush = () => (output as Partial<LogOutput>).flush?.();
  // Batched lines of a quiet server should not wait for the next request.
  if (!options.sink) {
    setInterval(flush, 500).unref();
    process.on("exit", () => (output as Partial<LogOutput>).end?.());
  }
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      serializers: { err: stdSerializers.errWithCause },
    },
    { write: (line: string) => void output.write(scrub(line)) },
  );
  return { log, flush };
}

const removed = "[secret]";
const memberName =
  "authorization|cookie|set-cookie|password|newPassword|currentPassword|secret|token|accessToken|refreshToken|apiKey|otp";
const secretMember = new RegExp(`^(?:${memberName})$`, "i");
const prefix = Object.values(product.secretPrefixes).join("|");

// Each is linear in the text: starts are anchored or what repeats is bounded. Group 1 stays, the rest goes.
const patterns: readonly RegExp[] = [
  new RegExp(`()(?:${prefix})[A-Za-z0-9_-]+`, "g"),
  /\b(bearer |basic )[^\s"\\,]+/gi,
  // JSON Web Tokens.
  /(?<![A-Za-z0-9_-])()eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g,
  // Passwords in connection URLs.
  /(:\/\/[^\s/:@"]{0,256}:)[^\s/@"]{1,256}(?=@)/g,
  // Signed URLs and one-time links.
  /([?&](?:token|code|key|secret|signature|sig|access_token|X-Amz-Signature|X-Amz-Security-Token)=)[^\s&"\\#]+/gi,
  // JSON quoted inside a text, at any depth of quoting: a value ends at a quote escaped like the one that opened it.
  new RegExp(`((\\\\{0,8})"(?:${memberName})\\2":\\s?\\2")[^]*?(?:(?<!\\\\)\\2"|$)`, "gi"),
];
// Most lines hold nothing of the kind; one look at the whole spares them the rest.
const suspicious =
  /lf_|earer |asic |eyJ|:\/\/[^\s/:@"]*:|[?&][A-Za-z_-]+=|(?:ookie|assword|ecret|oken|pi_?[Kk]ey|otp|uthorization)\\{0,8}"/;

/** Takes and returns one line of JSON. */
export function createScrubber(secrets: readonly string[]): (line: string) => string {
  // Shorter ones would hit ordinary words.
  const exact = secrets.filter((secret) => secret.length >= 6).flatMap(formsOf);
  const scrubText = (text: string): string => {
    let clean = text;
    for (const secret of exact) clean = clean.replaceAll(secret, removed);
    for (const pattern of patterns) clean = clean.replace(pattern, `$1${removed}`);
    return clean;
  };
  const scrubMember = (name: string, value: unknown): unknown => {
    if (typeof value === "string") return secretMember.test(name) ? removed : scrubText(value);
    return value !== null && typeof value === "object" && secretMember.test(name) ? removed : value;
  };
  return (line) => {
    if (!suspicious.test(line) && !exact.some((secret) => line.includes(secret))) return line;
    return `${JSON.stringify(JSON.parse(line, scrubMember))}\n`;
  };
}

/** As it is, in JSON, and in JSON quoted in JSON: a secret may hold characters that quoting changes. */
function formsOf(secret: string): string[] {
  const quote = (text: string) => JSON.stringify(text).slice(1, -1);
  return [...new Set([quote(quote(quote(secret))), quote(quote(secret)), quote(secret), secret])];
}
