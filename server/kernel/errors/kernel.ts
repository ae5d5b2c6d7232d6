// The kernel's own codes: what can go wrong before a room is asked, or underneath all rooms. A closed table.
import { defineErrors } from "./index.ts";

export const kernelErrors = defineErrors({
  request_malformed: {
    status: 400,
    says: "The request is not valid HTTP.",
    advice: "Check the request line, the percent-encoding of the path and query, and the headers.",
  },
  json_malformed: {
    status: 400,
    says: "The body is not valid JSON.",
    advice: "Send one JSON document in UTF-8, without a byte order mark.",
  },
  json_too_deep: {
    status: 400,
    says: "The body is nested deeper than {max} levels.",
    advice: "Flatten the document.",
  },
  body_required: {
    status: 400,
    says: "This operation needs a body.",
    advice: "Send a JSON body with Content-Type: application/json.",
  },
  input_invalid: {
    status: 400,
    says: "Some of the input is not acceptable.",
    advice: "Each entry of errors names one place and what is wrong there.",
  },
  idempotency_key_invalid: {
    status: 400,
    says: "The Idempotency-Key is not usable.",
    advice:
      "Send 1 to 255 printable ASCII characters, a fresh UUID for example, and only to operations that accept a key.",
  },
  credential_required: {
    status: 401,
    says: "This operation needs a credential.",
    advice: "Send Authorization: Bearer with an access token or an API key.",
  },
  credential_malformed: {
    status: 401,
    says: "The Authorization header is not understood.",
    advice: "Send Authorization: Bearer followed by one access token or API key.",
  },
  not_allowed: {
    status: 403,
    says: "This credential may not do that.",
    advice: "Use the credential of an admin, or ask one.",
  },
  scope_missing: {
    status: 403,
    says: "The API key lacks the scope {scope}.",
    advice: "Make a key with that scope, or use the credential of an admin.",
  },
  credential_read_only: {
    status: 403,
    says: "The API key is read-only.",
    advice: "Use a key that may write.",
  },
  origin_not_allowed: {
    status: 403,
    says: "Requests from this origin are not accepted here.",
    advice: "Call from the console's own origin, or let the operator add the origin to LANDFALL_CORS_ORIGINS.",
  },
  route_not_found: {
    status: 404,
    says: "There is nothing at this address.",
    advice: "Compare the path with /v1/openapi.json; paths are case-sensitive and have no slash at the end.",
  },
  method_not_allowed: {
    status: 405,
    says: "This address does not take {method}.",
    advice: "Use one of the methods in the Allow header.",
  },
  request_timeout: {
    status: 408,
    says: "The request did not arrive in time.",
    advice: "Send it again, on a faster line or in smaller parts.",
  },
  idempotency_in_flight: {
    status: 409,
    says: "A request with this Idempotency-Key is being worked on.",
    advice: "Wait as long as Retry-After says and send the same request again.",
  },
  body_too_large: {
    status: 413,
    says: "The body is larger than {max} bytes.",
    advice: "Send less at once; large amounts of records go through the import route.",
  },
  url_too_long: {
    status: 414,
    says: "The URL is longer than {max} bytes.",
    advice: "Send long queries in the body, with records:query.",
  },
  media_type_unsupported: {
    status: 415,
    says: "This operation does not take that Content-Type.",
    advice: "Send Content-Type: {expected}, uncompressed.",
  },
  expectation_failed: {
    status: 417,
    says: "Only Expect: 100-continue is understood.",
    advice: "Leave the Expect header out.",
  },
  idempotency_key_reused: {
    status: 422,
    says: "This Idempotency-Key was used for another request.",
    advice: "Use a fresh key for each new request, and the same key only to repeat one.",
  },
  rate_limited: {
    status: 429,
    says: "Too many requests.",
    advice: "Wait as long as Retry-After says.",
  },
  headers_too_large: {
    status: 431,
    says: "The request's headers are too large.",
    advice: "Send fewer or shorter headers.",
  },
  internal: {
    status: 500,
    says: "Something went wrong on the server.",
    advice: "Send it again later; if it stays, give the operator the requestId.",
  },
  overloaded: {
    status: 503,
    says: "The server has more work than it can do in time.",
    advice: "Wait as long as Retry-After says and send it again.",
  },
  database_unavailable: {
    status: 503,
    says: "The database does not answer.",
    advice: "Wait as long as Retry-After says. A write may have happened: repeat it with the same Idempotency-Key.",
  },
  database_timeout: {
    status: 503,
    says: "The database took too long and the work was undone.",
    advice: "Ask for less, or add an index; then send it again.",
  },
  newer_server_running: {
    status: 503,
    says: "A newer version of this server changed this collection's inner workings, and this one must not change it back.",
    advice: "Wait as long as Retry-After says and send it again; once all servers are upgraded it works everywhere.",
  },
  shutting_down: {
    status: 503,
    says: "This server is stopping.",
    advice: "Send it again; another server or the next start will answer.",
  },
});
