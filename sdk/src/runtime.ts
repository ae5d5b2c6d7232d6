// The little the client takes from its surroundings, declared here so that it needs neither DOM nor Node types and runs
// in browsers, React Native (Hermes), Node, Deno, Bun, workers and edge runtimes.

/**
 * What the client uses of an `AbortSignal`.
 *
 * @example
 * ```ts
 * const controller = new AbortController();
 * const signal: AbortSignalLike = controller.signal;
 * const answer = lf.from("posts").list({ signal }).catch((error) => error.code);
 * controller.abort();
 * console.log(await answer); // "aborted"
 * ```
 */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * What the client uses of a fetch `Response`.
 *
 * @example
 * ```ts
 * const empty: ResponseLike = {
 *   ok: true,
 *   status: 200,
 *   headers: { get: () => null },
 *   text: async () => '{"items":[],"nextCursor":null}',
 * };
 * const offline = createClient({ url: "http://localhost:4710", schema, fetch: async () => empty });
 * console.log((await offline.from("posts").list()).items.length); // 0
 * ```
 */
export interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/**
 * What the client uses of `fetch`.
 *
 * @example
 * ```ts
 * const counted: FetchLike = (url, init) => {
 *   console.log(init.method, url);
 *   return fetch(url, init as RequestInit);
 * };
 * await createClient({ url: "http://localhost:4710", schema, token: key, fetch: counted }).from("posts").list();
 * ```
 */
export type FetchLike = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal?: AbortSignalLike },
) => Promise<ResponseLike>;

/** Surroundings that tests replace. */
export interface Runtime {
  readonly fetch: FetchLike;
  /** A number from 0 (included) to 1 (excluded). */
  readonly random: () => number;
  /** Resolves after `ms`, or as soon as the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignalLike) => Promise<void>;
  /** Milliseconds of the local clock, which may be wrong and may step. */
  readonly now: () => number;
}

interface Surroundings {
  fetch?: FetchLike;
  AbortController?: new () => { readonly signal: AbortSignalLike; abort(reason?: unknown): void };
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  crypto?: { getRandomValues?(bytes: Uint8Array): Uint8Array };
}

const surroundings = globalThis as unknown as Surroundings;

export const defaultRuntime: Runtime = {
  fetch: (url, init) => {
    // Looked up at each call: polyfills and test tools replace it late.
    if (surroundings.fetch === undefined)
      throw new TypeError("This runtime has no fetch: pass one to createClient({ fetch }).");
    return surroundings.fetch(url, init);
  },
  random: Math.random,
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const done = () => {
        surroundings.clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = surroundings.setTimeout(done, ms);
      signal.addEventListener("abort", done);
    }),
};

/** A signal that aborts with the outer one or after `ms`; `dispose` frees the timer. */
export function deadline(
  ms: number,
  outer?: AbortSignalLike,
): { signal: AbortSignalLike; expired: () => boolean; dispose: () => void } {
  // Without one a request could not be ended, and a deadline that ends nothing would be a false promise.
  if (surroundings.AbortController === undefined)
    throw new TypeError("This runtime has no AbortController: load a polyfill before the first call.");
  const controller = new surroundings.AbortController();
  let late = false;
  const onOuter = () => controller.abort(outer?.reason);
  const timer = surroundings.setTimeout(() => {
    late = true;
    controller.abort();
  }, ms);
  if (outer?.aborted) controller.abort(outer.reason);
  outer?.addEventListener("abort", onOuter);
  return {
    signal: controller.signal,
    expired: () => late,
    dispose: () => {
      surroundings.clearTimeout(timer);
      outer?.removeEventListener("abort", onOuter);
    },
  };
}

/** 128 random bits as hex. Names one attempt at a write; not a secret, so `Math.random` will do where crypto is missing. */
export function randomToken(random: () => number): string {
  const bytes = new Uint8Array(16);
  if (surroundings.crypto?.getRandomValues) surroundings.crypto.getRandomValues(bytes);
  else for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
