// Writes a Reply or a Problem to the socket: caching headers, ETag and 304, compression, lengths. The only place that
// calls writeHead.
import { pipeline } from "node:stream/promises";
import type { Problem } from "../errors/index.ts";
import { problemContentType, problemDocument } from "../errors/problem-document.ts";
import { bytesOfOctets } from "../octets.ts";
import { compress, compressedBytesMin, negotiateCoding, tagSuffix } from "./coding.ts";
import type { Cors } from "./cors.ts";
import { matchesNoneMatch, quoteTag } from "./entity-tag.ts";
import type { Exchange } from "./exchange.ts";
import type { Reply } from "./route.ts";
import { type Mount, securityHeaders } from "./security-headers.ts";

export interface AnswerOptions {
  readonly publicUrl: string;
  readonly cors: Cors;
  /** Set while draining: the connection ends with this answer. */
  readonly closing: () => boolean;
}

/** What a route says about caching when its Reply does not. */
export type CachePolicy = "private" | "no-store";

export interface Answers {
  reply(exchange: Exchange, reply: Reply, cache: CachePolicy): Promise<void>;
  problem(exchange: Exchange, problem: Problem): void;
  /** The headers that stand on every answer, e.g. for those that a file sender writes. */
  common(exchange: Exchange): string[];
}

export function createAnswers({ publicUrl, cors, closing }: AnswerOptions): Answers {
  const security: { readonly [mount in Mount]: readonly string[] } = {
    api: securityHeaders("api", publicUrl),
    console: securityHeaders("console", publicUrl),
    docs: securityHeaders("docs", publicUrl),
  };
  const common = (exchange: Exchange): string[] => {
    const headers = ["X-Request-Id", exchange.requestId, ...security[exchange.mount], ...exchange.extra];
    if (exchange.cors) headers.push(...cors.answer(exchange.request.headers.origin));
    if (closing() || exchange.closes) headers.push("Connection", "close");
    return headers;
  };
  const vary = varyOf(cors);

  return {
    common,
    async reply(exchange, reply, cache) {
      const headers = common(exchange);
      const noStore = (reply.cacheControl ?? cache) === "no-store";
      headers.push("Cache-Control", reply.cacheControl ?? (noStore ? "no-store" : "private, no-cache"), "Vary", vary);
      if (reply.headers)
        for (const name in reply.headers) headers.push(name, headerText(reply.headers[name] as string));
      if (reply.stream) return sendStream(exchange, reply, headers);
      if (reply.octets !== undefined) return sendText(exchange, reply, headers, reply.octets, !noStore);
      const text = reply.text ?? (reply.json === undefined ? undefined : JSON.stringify(reply.json));
      if (text === undefined) return sendEmpty(exchange, reply, headers);
      return sendText(exchange, reply, headers, text, !noStore);
    },
    problem(exchange, problem) {
      const { request, response } = exchange;
      // Too late to say anything: the only honest sign is a cut connection.
      if (response.headersSent) return void response.destroy();
      // What is left of a body that came too slowly is not waited for.
      if (problem.status === 408) exchange.closes = true;
      const headers = [...common(exchange), "Cache-Control", "no-store", "Vary", vary];
      if (problem.retryAfterSeconds !== undefined) headers.push("Retry-After", String(problem.retryAfterSeconds));
      if (problem.status === 401) {
        headers.push("WWW-Authenticate", challengeOf(request.headers.authorization));
      }
      const text = JSON.stringify(problemDocument(problem, exchange.requestId));
      headers.push("Content-Type", problemContentType, "Content-Length", String(Buffer.byteLength(text)));
      response.writeHead(problem.status, headers).end(text);
    },
  };
}

/** RFC 6750 §3, RFC 9449 §7.1. */
function challengeOf(given: string | undefined): string {
  if (given === undefined) return 'Bearer realm="landfall"';
  if (/^DPoP /i.test(given)) return 'DPoP realm="landfall", error="invalid_token", algs="ES256 Ed25519"';
  return 'Bearer realm="landfall", error="invalid_token"';
}

/** What the answer to one and the same request line depends on. */
export const varyOf = (cors: Cors): string =>
  cors.narrowed ? "Authorization, Accept-Encoding, Origin" : "Authorization, Accept-Encoding";

async function sendText(
  { request, response }: Exchange,
  reply: Reply,
  headers: string[],
  text: string,
  mayStore: boolean,
): Promise<void> {
  const inOctets = reply.octets !== undefined;
  const size = inOctets ? text.length : Buffer.byteLength(text);
  const coding =
    mayStore && size >= compressedBytesMin
      ? negotiateCoding(request.headers["accept-encoding"] as string | undefined)
      : undefined;
  if (reply.etag !== undefined) {
    headers.push("ETag", quoteTag(reply.etag, coding && tagSuffix[coding]));
    // A POST without effect (records:query) is answered like a GET; the answer of one that has an effect is never stored.
    const isRead = request.method === "GET" || request.method === "HEAD" || mayStore;
    if (isRead && matchesNoneMatch(request.headers["if-none-match"], reply.etag)) {
      response.writeHead(304, headers).end();
      return;
    }
  }
  headers.push("Content-Type", reply.contentType ?? "application/json");
  // A HEAD asks what GET would send, and compressing is how we know its length.
  const body = coding === undefined ? text : await compress(inOctets ? bytesOfOctets(text) : text, coding);
  if (coding !== undefined) headers.push("Content-Encoding", coding);
  headers.push("Content-Length", String(typeof body === "string" ? size : body.length));
  response.writeHead(reply.status, headers).end(body, inOctets ? "latin1" : "utf8");
}

function sendEmpty({ response }: Exchange, reply: Reply, headers: string[]): void {
  if (reply.etag !== undefined) headers.push("ETag", quoteTag(reply.etag));
  if (reply.status !== 204) headers.push("Content-Length", "0");
  response.writeHead(reply.status, headers).end();
}

async function sendStream({ request, response }: Exchange, reply: Reply, headers: string[]): Promise<void> {
  const stream = reply.stream as NonNullable<Reply["stream"]>;
  headers.push("Content-Type", reply.contentType ?? "application/octet-stream");
  response.writeHead(reply.status, headers);
  if (request.method === "HEAD") {
    stream.destroy();
    response.end();
    return;
  }
  await pipeline(stream, response);
}

/** Header values are visible ASCII; everything else, CR and LF above all, is percent-encoded (J12). */
export function headerText(value: string): string {
  return /^[\x20-\x7e]*$/.test(value)
    ? value
    : value.replace(/[^\x20-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}
