// The one way out: every call of the server to an address that somebody else named goes through here. Connections are judged
// after DNS, redirects are not followed, time and size are bounded, and nothing of the caller's request goes along (S01, S02, S05).
//
//   URL ── https? ──> DNS ──> each address judged ──> connect ──> headers (16 KB) ──> body (1 MB, after decompression)
//                                                   └──────────────── 10 s in all ─────────────────────────────────┘
import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { Agent, buildConnector } from "undici";
import { type AddressGuard, addressGuard } from "./outbound-addresses.ts";

/** The part of fetch that libraries hand on to a fetch of their user's. */
export interface OutboundRequest {
  readonly method?: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: every form of headers and bodies that fetch takes; undici judges them
  readonly headers?: any;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body?: any;
  readonly signal?: AbortSignal | null | undefined;
}

export interface Outbound {
  /** As fetch, but an answer with a redirect is an answer. Rejects with an OutboundError. */
  fetch(url: string | URL, request?: OutboundRequest): Promise<Response>;
}

export type OutboundFault = "address_refused" | "unreachable" | "timeout" | "too_large" | "url_invalid";

/** Why there is no answer. The message may be shown to an admin: it names the host, never what was read. */
export class OutboundError extends Error {
  readonly fault: OutboundFault;
  constructor(fault: OutboundFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "OutboundError";
    this.fault = fault;
  }
}

export interface OutboundOptions {
  /** The server's own; while it is loopback, loopback may be called. */
  readonly publicUrl: string;
  readonly allow?: readonly string[];
  readonly timeoutMs?: number;
  readonly bytesMax?: number;
  /** DNS, for tests. */
  readonly lookup?: typeof systemLookup;
}

export const isLoopbackUrl = (url: string): boolean => {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
};

export function createOutbound(options: OutboundOptions): Outbound {
  const { timeoutMs = 10_000, bytesMax = 1_048_576, lookup = systemLookup as typeof systemLookup } = options;
  const guard = addressGuard({ loopback: isLoopbackUrl(options.publicUrl), allow: options.allow ?? [] });
  let ready: Promise<{ fetch: typeof import("undici").fetch; agent: Agent }> | undefined;
  const load = () => {
    ready ??= import("undici").then(({ Agent, buildConnector, fetch }) => ({
      fetch,
      agent: new Agent({
        connect: guarded(buildConnector, guard, lookup),
        // These calls are seldom: a connection kept would only be one more thing to close.
        pipelining: 0,
        maxHeaderSize: 16_384,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      }),
    }));
    return ready;
  };

  return {
    async fetch(url, request = {}) {
      const target = checkedUrl(url);
      const { fetch, agent } = await load();
      const late = AbortSignal.timeout(timeoutMs);
      const signal = request.signal ? AbortSignal.any([late, request.signal]) : late;
      try {
        const { method = "GET", headers, body } = request;
        const answer = await fetch(target, {
          ...{ method, signal, dispatcher: agent, redirect: "manual", referrerPolicy: "no-referrer" },
          headers: headers ?? {},
          ...(body !== undefined && body !== null && { body, duplex: "half" }),
        } as never);
        const bytes = await readBounded(answer.body as AsyncIterable<Uint8Array> | null, bytesMax, target.host);
        const kept = new Headers([...answer.headers]);
        // What is handed on is decoded.
        kept.delete("content-encoding");
        kept.delete("content-length");
        return new Response(bytes.length === 0 ? null : bytes, { status: answer.status, headers: kept });
      } catch (error) {
        throw asFault(error, target.host, late.aborted);
      }
    },
  };
}

function checkedUrl(url: string | URL): URL {
  const target = URL.parse(String(url));
  if (target === null || !/^https?:$/.test(target.protocol) || target.username !== "" || target.password !== "")
    throw new OutboundError("url_invalid", "The address is no plain https URL.");
  return target;
}

/** Node asks DNS only for names, so an address that stands in the URL is judged before, and a name's addresses in the lookup. */
function guarded(
  build: typeof buildConnector,
  guard: AddressGuard,
  lookup: typeof systemLookup,
): buildConnector.connector {
  const connectors = { plain: connector(false), encrypted: connector(true) };
  return (asked, done) => {
    const encrypted = asked.protocol === "https:";
    const host = asked.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0 && !guard(host, encrypted)) return done(refused(host), null);
    return (encrypted ? connectors.encrypted : connectors.plain)(asked, done);
  };

  function connector(encrypted: boolean): buildConnector.connector {
    return build({ timeout: 5_000, lookup: guardedLookup(guard, lookup, encrypted) } as buildConnector.BuildOptions);
  }
}

function guardedLookup(guard: AddressGuard, lookup: typeof systemLookup, encrypted: boolean): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, []);
      const open = found.filter(({ address }) => guard(address, encrypted));
      const [first] = open;
      if (first === undefined) return done(refused(hostname), []);
      return options.all ? done(null, open) : done(null, first.address, first.family);
    });
  };
}

const refused = (host: string) =>
  new OutboundError("address_refused", `${host} is an address that this server does not call: it is private, reserved, or spoken to without TLS.`); // biome-ignore format: one line

async function readBounded(body: AsyncIterable<Uint8Array> | null, bytesMax: number, host: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the stream, which closes the connection.
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > bytesMax) throw new OutboundError("too_large", `${host} answers with more than ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function asFault(error: unknown, host: string, late: boolean): OutboundError {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof OutboundError) return at;
  if (late) return new OutboundError("timeout", `${host} does not answer in time.`, error);
  return new OutboundError("unreachable", `${host} cannot be reached.`, error);
}
