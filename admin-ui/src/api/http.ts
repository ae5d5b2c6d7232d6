// One request to the public API: the session's credential, JSON both ways, and every failure as an `ApiProblem`.
// What to ask for stands in `api.ts`; this file knows no route.
import { session } from "./session.ts";

export interface ProblemIssue {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  /** Of a mistake in an expression: where in its text. */
  readonly position?: unknown;
}

/** The members of RFC 9457's document that the console reads, with ours beside them. */
interface ProblemDocument {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly advice?: string;
  readonly requestId?: string;
  readonly errors?: readonly ProblemIssue[];
}

/** A refusal or a failure, always with something to say. `code` is `offline` when no answer came at all. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly advice: string | undefined;
  readonly requestId: string | undefined;
  readonly issues: readonly ProblemIssue[];
  /** The whole document, for the members only some codes carry (`position`, `changes`). */
  readonly body: { readonly [member: string]: unknown };

  constructor(status: number, body: ProblemDocument & { readonly [member: string]: unknown }) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`);
    this.name = "ApiProblem";
    this.status = status;
    this.code = body.code ?? `http_${status}`;
    this.advice = body.advice;
    this.requestId = body.requestId;
    this.issues = body.errors ?? [];
    this.body = body;
  }
}

export interface RequestOptions {
  readonly query?: { readonly [name: string]: string | number | boolean | undefined } | undefined;
  readonly json?: unknown;
  /** Sent as it is, with `contentType`. */
  readonly raw?: BodyInit;
  readonly contentType?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly signal?: AbortSignal | undefined;
}

export interface Answer<T> {
  readonly data: T;
  readonly etag: string | undefined;
}

/** Told when the server no longer accepts the session, so that the sign-in page can take over. */
let onSessionLost: () => void = () => {};
export function whenSessionIsLost(listener: () => void): void {
  onSessionLost = listener;
}

export async function send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  const token = session.token();
  if (token) headers.Authorization = `Bearer ${token}`;
  let body = options.raw;
  if (options.json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(options.json);
  } else if (options.contentType) headers["Content-Type"] = options.contentType;

  const response = await fetch(path + queryText(options.query), {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(options.signal ? { signal: options.signal } : {}),
  }).catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw unreachable();
  });
  if (response.ok) return response;
  const problem = await problemOf(response);
  // A 401 on a request that carried our token means that the token is over, not that the password was wrong.
  if (response.status === 401 && token) {
    session.clear();
    onSessionLost();
  }
  throw problem;
}

/** A request whose answer is JSON, or nothing (204). */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const response = await send(method, path, options);
  const text = await response.text();
  return { data: (text === "" ? undefined : JSON.parse(text)) as T, etag: response.headers.get("ETag") ?? undefined };
}

/** Reads the problem document; an answer from something that is not Landfall (a proxy's HTML page) still says its status. */
async function problemOf(response: Response): Promise<ApiProblem> {
  const requestId = response.headers.get("X-Request-Id") ?? undefined;
  const body: unknown = await response.json().catch(() => ({}));
  const document = typeof body === "object" && body !== null ? body : {};
  return new ApiProblem(response.status, { ...(requestId ? { requestId } : {}), ...document });
}

function unreachable(): ApiProblem {
  return new ApiProblem(0, {
    code: "offline",
    detail: "The server did not answer.",
    advice: "Check that Landfall is running and that this device is online, then try again.",
  });
}

function queryText(query: RequestOptions["query"]): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== "");
  if (pairs.length === 0) return "";
  return `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}
