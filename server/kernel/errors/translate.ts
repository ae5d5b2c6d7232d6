// Turns whatever was thrown into a Problem. Known failures of the database and of HTTP get their own code; the rest is
// `internal`, with the cause for the log only.
import { Problem } from "./index.ts";
import { kernelErrors } from "./kernel.ts";

/** SQLSTATEs that mean "not now": the caller did nothing wrong and may try again. */
const unavailable = new Set(["53300", "53400", "57P01", "57P02", "57P03", "57P05", "25P03", "25006", "55006"]);
const overloaded = new Set(["53000", "53100", "53200", "55P03", "40001", "40P01"]);
const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
]);
/** pg reports these without a code. */
const connectionLost =
  /Connection terminated|Client has encountered a connection error|not queryable|pool after calling end/;
const noConnectionInTime = /timeout exceeded when trying to connect/;

export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return fromDatabase(thrown) ?? fromExpress(thrown) ?? kernelErrors.internal({ cause: thrown });
}

function fromDatabase(thrown: unknown): Problem | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const code = text(thrown, "code");
  const details = { cause: thrown, retryAfterSeconds: 1 };
  if (code === "57014") return kernelErrors.database_timeout(details);
  if (overloaded.has(code) || noConnectionInTime.test(thrown.message)) return kernelErrors.overloaded(details);
  const lost = unavailable.has(code) || code.startsWith("08") || connectionLost.test(thrown.message);
  if (lost || (networkCodes.has(code) && text(thrown, "syscall") !== "open"))
    return kernelErrors.database_unavailable(details);
  return undefined;
}

/** Express and its router throw http-errors: an undecodable path, a file that send() may not serve. */
function fromExpress(thrown: unknown): Problem | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const status = (thrown as { status?: unknown }).status;
  if (status === 404) return kernelErrors.route_not_found({ cause: thrown });
  if (status === 412 || status === 416) return kernelErrors.request_malformed({ cause: thrown });
  if (thrown instanceof URIError || (typeof status === "number" && status >= 400 && status < 500))
    return kernelErrors.request_malformed({ cause: thrown });
  return undefined;
}

function text(thrown: Error, member: "code" | "syscall"): string {
  const value = (thrown as { code?: unknown; syscall?: unknown })[member];
  return typeof value === "string" ? value : "";
}
