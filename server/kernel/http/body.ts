// Reads request bodies: bounded in bytes and time, of a declared type only.
import type { IncomingMessage } from "node:http";
import { type Readable, Transform } from "node:stream";
import { kernelErrors } from "../errors/kernel.ts";

export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Refuses other content types, so that no form of a foreign page can pass for a call (T31), and compressed bodies. */
export function checkContentType(request: IncomingMessage, accepted: readonly string[]): void {
  const header = request.headers["content-type"] ?? "";
  const [type = "", ...parameters] = header.split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  const isUtf8 = charset === undefined || charset === "utf-8" || charset === '"utf-8"';
  const coding = request.headers["content-encoding"] ?? "identity";
  if (!accepted.includes(type) || !isUtf8 || coding.toLowerCase() !== "identity")
    throw kernelErrors.media_type_unsupported({ params: { expected: accepted.join(" or ") } });
}

export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return request.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const tooLarge = () => kernelErrors.body_too_large({ params: { max: limits.maxBytes } });
  if (Number(request.headers["content-length"] ?? 0) > limits.maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      finish();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.maxBytes) settle(() => reject(tooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    // The client went away: nobody reads the answer, but the work must end.
    const onClose = () => settle(() => reject(kernelErrors.request_timeout()));
    const timer = setTimeout(() => settle(() => reject(kernelErrors.request_timeout())), limits.timeoutMs);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

/**
 * The body as a stream of its own, which fails with `body_too_large` past the limit. A handler that stops reading destroys
 * what it read from; were that the request, its socket would go with it and the answer would never arrive.
 */
export function limitedStream(request: IncomingMessage, maxBytes = Number.POSITIVE_INFINITY): Readable {
  let size = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      done(size > maxBytes ? kernelErrors.body_too_large({ params: { max: maxBytes } }) : null, chunk);
    },
  });
  // Whoever reads learns of it all the same; when nobody does, a fault of the client must not count as one of ours.
  limit.on("error", () => {});
  // Such a request is no stream that ends (server.ts).
  if (!hasBody(request)) return limit.end();
  request.on("error", (error) => limit.destroy(error));
  request.on("close", () => {
    if (!request.complete) limit.destroy(kernelErrors.request_timeout());
  });
  return request.pipe(limit);
}

const lingerBytesMax = 8 * 1024 * 1024;
const lingerMs = 5_000;

/**
 * After an early answer the client may still be sending. Closing now would reset the connection and could destroy the
 * answer before it is read, so what comes is read and dropped: bounded in bytes and time.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || !hasBody(request)) return;
  let size = 0;
  const cut = () => void request.destroy();
  const timer = setTimeout(cut, lingerMs).unref();
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > lingerBytesMax) cut();
  });
  request.once("close", () => clearTimeout(timer));
  // Letting go of a pipe pauses the request, so that comes first.
  request.unpipe().resume();
}
