// Names one request across systems: X-Request-Id and W3C Trace Context.
import { randomFillSync } from "node:crypto";

const acceptable = /^[A-Za-z0-9._:-]{1,64}$/;
const traceparent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;
const zeros = /^0+$/;

/** The caller's id when it is harmless in logs and headers, else one of ours. */
export function requestId(given: string | undefined): string {
  return given !== undefined && acceptable.test(given) ? given : newRequestId();
}

// Random bytes are drawn for many ids at once: one call per id costs more than the id.
const pool = Buffer.alloc(16 * 128);
let used = pool.length;

function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 16;
  return pool.toString("hex", used - 16, used);
}

/** Version 00 only; anything malformed is ignored, as the specification asks. */
export function traceId(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, trace = "", parent = ""] = traceparent.exec(header) ?? [];
  return trace === "" || zeros.test(trace) || zeros.test(parent) ? undefined : trace;
}
