// What a room declares about each of its HTTP operations. The pipeline derives validation, access, limits, idempotency,
// caching, and the OpenAPI document from it; the route inventory of the security tests is the same list.
import type { Readable } from "node:stream";
import type { ZodType, z } from "zod";
import type { Context } from "../context.ts";

/**
 * Who may call the route at all. `anyone`: the rules decide inside (records). `signedIn`: any credential.
 * `admin`: an admin or the service key. `schema:*`, `metrics`: an admin, the service key, or an API key with that scope.
 */
export type Access = "anyone" | "signedIn" | "admin" | "schema:read" | "schema:write" | "metrics";

export interface Route<
  Params extends ZodType = ZodType,
  Query extends ZodType = ZodType,
  Body extends ZodType = ZodType,
> {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** OpenAPI form: `/v1/collections/{collection}/records/{id}`, `/v1/collections/{collection}/records:query`. */
  readonly path: string;
  /** operationId, camelCase verb first: `listRecords`. */
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  /** A chapter of the API, from `defineTag`. */
  readonly tag: string;
  readonly access: Access;
  readonly params?: Params;
  /** Unknown query parameters are refused (400). */
  readonly query?: Query;
  readonly body?: Body;
  /** `json` (default when `body` is given): parsed, bounded, checked for U+0000 and lone surrogates. `stream`: the handler reads `input.stream`. */
  readonly bodyKind?: "json" | "stream";
  readonly bodyLimitBytes?: number;
  /** How many times the operator's limit, where one body holds many records. Default: 1. */
  readonly bodyLimitTimes?: number;
  /** Content types the body may have. Default: `application/json` (and `application/merge-patch+json` for PATCH); for streams `application/x-ndjson`. */
  readonly mediaTypes?: readonly string[];
  /** In place of `query` at run time, for hot routes: a plain function over the flat parameters. It throws Problems itself. `query` still feeds the OpenAPI document. */
  readonly parseQuery?: (query: { readonly [name: string]: string }) => z.output<Query>;
  /** A POST without effect (`records:query`): open to read-only keys, answered and cached like a GET, never idempotency-keyed. */
  readonly safe?: true;
  /** Refuses browsers of other origins and sends no CORS headers: what works by cookie, and the console's own doors. */
  readonly sameOrigin?: true;
  /** An admin may have it judged as somebody else, with nothing done (`X-Landfall-Explain-As`). Only what works through `ctx.db` alone can be undone. */
  readonly explained?: true;
  /** Rules see it as `request.door`. Default `rest`. */
  readonly door?: Context["door"];
  /** Accepts `Idempotency-Key`. Default: every unsafe JSON route. Its effect then runs inside the key's transaction (`ctx.db`). */
  readonly idempotent?: boolean;
  /** Default `private, no-cache` for GET, `no-store` for everything else. `no-store` also switches compression off. Say it where an answer carries a secret: then an idempotency key stores only its `summary`. */
  readonly cache?: "private" | "no-store";
  /** How many requests a call counts as against the general limits, told from its body; default 1. */
  readonly cost?: (body: z.output<Body>) => number;
  /** For the OpenAPI document: a body to send, when the body's schema has no `example` of its own. */
  readonly bodyExample?: unknown;
  /** For the OpenAPI document: answers carry an `ETag`, and a read takes `If-None-Match`. */
  readonly tagged?: true;
  /** For the OpenAPI document: the conditions that a write takes. */
  readonly conditions?: readonly ("If-Match" | "If-None-Match")[];
  /** For the OpenAPI document: which of its room's codes can end it, those of the pipeline apart; a code under another status than its own with that status. */
  readonly errors?: readonly (string | { readonly code: string; readonly status: number })[];
  /** For the OpenAPI document: by status. Problems are added for every route. */
  readonly responses: { readonly [status: number]: ResponseSpec };
  readonly handler: (ctx: Context, input: Input<Params, Query, Body>) => Promise<Reply>;
}

export interface ResponseSpec {
  readonly description: string;
  readonly schema?: ZodType;
  /** Default `application/json`. */
  readonly contentType?: string;
  readonly example?: unknown;
  readonly headers?: readonly ("Location" | "Link")[];
  /** The same answer in other types, on request: OpenAPI media type objects. */
  readonly alternatives?: { readonly [contentType: string]: { readonly schema: object; readonly example: unknown } };
}

export interface Input<Params extends ZodType, Query extends ZodType, Body extends ZodType> {
  readonly params: z.output<Params>;
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
  /** Only with `bodyKind: "stream"`. */
  readonly stream: Readable;
  /** Lower-cased request headers. */
  readonly headers: { readonly [name: string]: string | undefined };
  /** Client address after trusted proxies. */
  readonly ip: string;
}

/** The answer. `text` is a finished JSON document (rendered by the collections room); `json` is stringified; `stream` is piped. */
export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  /** The same as octets (kernel/octets.ts). */
  readonly octets?: string;
  readonly stream?: Readable;
  readonly contentType?: string;
  readonly headers?: { readonly [name: string]: string };
  /** With an `Idempotency-Key`: what a replay answers when the body is over 64 KB or secret (status, ids and versions). */
  readonly summary?: unknown;
  /** Opaque part between the quotes, without coding suffix. The pipeline quotes it, adds `-gz` etc., and answers 304. */
  readonly etag?: string;
  /** Overrides the route's Cache-Control, e.g. a public list. */
  readonly cacheControl?: string;
}

/** Keeps the types of one route's schemas together. */
export function defineRoute<Params extends ZodType, Query extends ZodType, Body extends ZodType>(
  route: Route<Params, Query, Body>,
): Route {
  return route as unknown as Route;
}
