// One request, with deadline, retries and errors. Every unsafe request but those of sign-in carries an Idempotency-Key, so
// that a retry after a lost answer is answered, not repeated.
import { errorFromAnswer, LandfallError } from "./error.ts";
import { type AbortSignalLike, deadline, type ResponseLike, type Runtime, randomToken } from "./runtime.ts";

/**
 * Options of a single call.
 *
 * @example
 * ```ts
 * const options: CallOptions = { timeoutMs: 5_000 };
 * const { items } = await lf.from("posts").list(options);
 * ```
 */
export interface CallOptions {
  /** Cancels the call; it rejects with code `aborted`. */
  readonly signal?: AbortSignalLike;
  /** For the whole call, retries included. Default: the client's. */
  readonly timeoutMs?: number;
}

export interface TransportOptions {
  readonly url: string;
  readonly token: () => string | undefined | Promise<string | undefined>;
  /** Asked for another token when the server no longer takes this one; its rejection is the call's. */
  readonly renew?: ((refused: string) => Promise<string>) | undefined;
  readonly timeoutMs: number;
  /** Attempts after the first. */
  readonly retries: number;
  readonly runtime: Runtime;
}

export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Path with its query, every part already encoded. */
  readonly path: string;
  readonly body?: unknown;
  /** A POST that may be repeated as it is: needs no key. */
  readonly safe?: boolean;
  readonly headers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly json: unknown;
}

export interface Transport {
  send(request: Request, options?: CallOptions): Promise<Answer>;
  /** The epoch of the server's history as its ETags name it (`"<epoch>.<version>"`); undefined before the first one. */
  epoch(): string | undefined;
}

const backoffBaseMs = 250;
const backoffMaxMs = 10_000;

export function createTransport(options: TransportOptions): Transport {
  const base = options.url.replace(/\/+$/, "");
  let epoch: string | undefined;
  const send = async (request: Request, call: CallOptions = {}): Promise<Answer> => {
    const limit = deadline(call.timeoutMs ?? options.timeoutMs, call.signal);
    const headers = headersOf(request, options);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const sendAs = (token: string | undefined) =>
      withRetries(options, limit.signal, mayRepeat(request), () => {
        const all = { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
        return attempt(options.runtime, `${base}${request.path}`, request.method, all, body, limit.signal);
      });
    try {
      const token = await unlessAborted(options.token, limit.signal);
      const answer = await sendAs(token).catch(async (error: unknown) => {
        if (token === undefined || options.renew === undefined || !isRefusedToken(error)) throw error;
        const { renew } = options;
        return sendAs(await unlessAborted(() => renew(token), limit.signal));
      });
      epoch = /^"([^".]+)\./.exec(answer.etag ?? "")?.[1] ?? epoch;
      return answer;
    } catch (error) {
      throw interrupted(error, limit.expired(), call.signal);
    } finally {
      limit.dispose();
    }
  };
  return { send, epoch: () => epoch };
}

const isRefusedToken = (error: unknown) => error instanceof LandfallError && error.code === "credential_invalid";

/** Others may wait for the same token: the signal ends the waiting, not the work. */
function unlessAborted<Value>(work: () => Value | Promise<Value>, signal: AbortSignalLike): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);
    const done = () => signal.removeEventListener("abort", onAbort);
    // In a then: a token function that throws rejects the call as one that rejects.
    Promise.resolve().then(work).then(resolve, reject).finally(done);
  });
}

/** Of every attempt alike, so that one with a renewed token is the same write. */
function headersOf(request: Request, options: TransportOptions): Record<string, string> {
  return {
    accept: "application/json",
    ...(request.body === undefined
      ? {}
      : { "content-type": request.method === "PATCH" ? "application/merge-patch+json" : "application/json" }),
    ...(isUnsafe(request) && !isKeyless(request) ? { "idempotency-key": randomToken(options.runtime.random) } : {}),
    ...request.headers,
  };
}

const isUnsafe = ({ method, safe }: Request) => method !== "GET" && safe !== true;
/** Answers of these hold tokens, which the server keeps nowhere: it takes no key with them. */
const isKeyless = ({ path }: Request) => path.startsWith("/v1/auth/");

/** Without a key only what the server says it has not begun is repeated: a password is not changed twice. */
function mayRepeat(request: Request): (error: LandfallError) => boolean {
  const isOnce = isUnsafe(request) && isKeyless(request);
  return ({ retryable, status }) => retryable && (!isOnce || status === 429 || status === 503);
}

/** Repeats what may succeed later: full jitter over a doubling window, never sooner than the server's Retry-After. */
async function withRetries(
  options: TransportOptions,
  signal: AbortSignalLike,
  repeats: (error: LandfallError) => boolean,
  once: () => Promise<Answer>,
): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    try {
      return await once();
    } catch (error) {
      if (signal.aborted || tries >= options.retries || !(error instanceof LandfallError) || !repeats(error))
        throw error;
      const windowMs = Math.min(backoffMaxMs, backoffBaseMs * 2 ** tries);
      const waitMs = Math.max(retryAfterMs.get(error) ?? 0, options.runtime.random() * windowMs);
      await options.runtime.sleep(waitMs, signal);
      if (signal.aborted) throw error;
    }
  }
}

const retryAfterMs = new WeakMap<LandfallError, number>();

async function attempt(
  runtime: Runtime,
  url: string,
  method: string,
  headers: Record<string, string>,
  body: string | undefined,
  signal: AbortSignalLike,
): Promise<Answer> {
  const { response, text } = await exchange(runtime, url, {
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body }),
  });
  if (!response.ok) {
    const error = errorFromAnswer(response.status, text, response.headers.get("x-request-id"));
    const seconds = Number(response.headers.get("retry-after"));
    if (error.retryable && seconds > 0) retryAfterMs.set(error, seconds * 1000);
    throw error;
  }
  return {
    status: response.status,
    etag: response.headers.get("etag") ?? undefined,
    json: text === "" ? undefined : parse(text, response),
  };
}

async function exchange(
  runtime: Runtime,
  url: string,
  init: Parameters<Runtime["fetch"]>[1],
): Promise<{ response: ResponseLike; text: string }> {
  try {
    const response = await runtime.fetch(url, init);
    return { response, text: await response.text() };
  } catch (cause) {
    throw new LandfallError({
      code: "network_error",
      message: "The server could not be reached.",
      advice: "Check the connection and try again.",
      retryable: true,
      cause,
    });
  }
}

function parse(text: string, response: ResponseLike): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const requestId = response.headers.get("x-request-id") ?? undefined;
    throw new LandfallError({
      code: "invalid_answer",
      message: "The answer is not JSON.",
      status: response.status,
      requestId,
      cause,
    });
  }
}

/** Names what ended the call when it was not the server: the caller's signal, or the deadline. */
function interrupted(error: unknown, expired: boolean, signal: AbortSignalLike | undefined): unknown {
  if (signal?.aborted)
    return new LandfallError({ code: "aborted", message: "The call was cancelled.", cause: signal.reason ?? error });
  if (!expired) return error;
  return new LandfallError({
    code: "timeout",
    message: "No answer arrived in time.",
    advice: "Try again.",
    retryable: true,
    cause: error,
  });
}
