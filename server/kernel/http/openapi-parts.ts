// What many operations of the OpenAPI document share: headers that come, headers that go, and how each of them looks.
import type { Json } from "./openapi-schema.ts";

const text = { type: "string" };
const wait = { type: "integer", minimum: 1 };

/** Response headers. Which answer carries which is said by openapi.ts. */
export const headers = {
  "X-Request-Id": {
    description: "The request's id: the caller's own, or one made for it. It stands on every log line of the request.",
    schema: text,
    example: "0197a7d2-7c00-7000-8000-000000000000",
  },
  ETag: {
    description:
      "Names this state of what is answered. Send it back in `If-None-Match` to read, in `If-Match` to write.",
    schema: text,
    example: '"4f2a.7"',
  },
  Location: { description: "The address of what was made.", schema: text, example: "/v1/collections/posts/records/p1" },
  Link: {
    description: 'The next page, as `rel="next"`. Left out on the last one.',
    schema: text,
    example: '</v1/collections/posts/records?cursor=eyJ2IjoxfQ>; rel="next"',
  },
  RateLimit: {
    description: "What remains of the limit, and the seconds until it is full again. Admins are not counted.",
    schema: text,
    example: '"credential";r=59999;t=1',
  },
  "RateLimit-Policy": {
    description: "The limit that counted this request: quota and window in seconds.",
    schema: text,
    example: '"credential";q=60000;w=60',
  },
  "Retry-After": { description: "Seconds to wait before the request is sent again.", schema: wait, example: 1 },
  "Idempotency-Replayed": {
    description: "`true` when this is the answer of an earlier request with the same `Idempotency-Key`.",
    schema: { type: "string", enum: ["true"] },
    example: "true",
  },
  "WWW-Authenticate": {
    description: "How to authenticate.",
    schema: text,
    example: 'Bearer realm="landfall", error="invalid_token"',
  },
} as const satisfies { readonly [name: string]: Json };

export type HeaderName = keyof typeof headers;

export function headerRefs(names: readonly HeaderName[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const header = (name: string, description: string, schema: Json, example: unknown): Json => ({
  ...{ name, in: "header", required: false, description, schema, example },
});

/** Request headers, by their name among the components. */
export const headerParameters = {
  IdempotencyKey: header(
    "Idempotency-Key",
    "A fresh value per request; repeating the request with it does the work once. Kept for 24 hours.",
    { type: "string", minLength: 1, maxLength: 255 },
    "5f0c3c2e-9f5b-4c59-9a52-0f6f3a1f7c11",
  ),
  IfMatch: header(
    "If-Match",
    "Do it only if the state is still one of these entity tags (412 otherwise). `*`: only if there is one at all.",
    text,
    '"4f2a.7"',
  ),
  IfNoneMatch: header(
    "If-None-Match",
    "Entity tags you have already; when one of them is still right, the answer is 304 without a body.",
    text,
    '"4f2a.7"',
  ),
  IfNoneMatchAny: header(
    "If-None-Match",
    "`*`: create only; 412 when it is there already.",
    { type: "string", enum: ["*"] },
    "*",
  ),
  Explain: header(
    "X-Landfall-Explain",
    "`1`: an admin's refusal names the clause that decided.",
    { type: "string", enum: ["1"] },
    "1",
  ),
  ExplainAs: header(
    "X-Landfall-Explain-As",
    "An admin asks how this request would end for somebody else: `anonymous`, `key:<id>`, or a user as JSON. Nothing is stored. Goes with `X-Landfall-Explain: 1`.",
    text,
    '{"id":"u1","roles":[],"teams":[]}',
  ),
} as const satisfies { readonly [name: string]: Json };

export type HeaderParameter = keyof typeof headerParameters;

export const parameterRefs = (names: readonly HeaderParameter[]): Json[] =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
