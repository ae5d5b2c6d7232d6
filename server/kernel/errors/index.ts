// The one error type that crosses a door, and the table it is made from. A room lists its codes with `defineErrors`;
// the docs page, the OpenAPI document and the SDK's closed union come from the same table.

/** One place in the input that is wrong. `path` is a JSON Pointer (RFC 6901) into the body, or `query.<name>`, `path.<name>`. */
export interface Issue {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface ErrorDefinition {
  readonly status: number;
  /** What happened, in one sentence for the caller. `{name}` is replaced from the details. */
  readonly says: string;
  /** What to do next. */
  readonly advice: string;
}

export interface ProblemDetails {
  /** Values for `{name}` in `says`; only what the caller may know. */
  readonly params?: { readonly [name: string]: string | number };
  readonly issues?: readonly Issue[];
  readonly retryAfterSeconds?: number;
  /** Extra members of the problem document, e.g. `position`. Only what the caller may know. */
  readonly extra?: { readonly [name: string]: unknown };
  /** Goes to the log, never to the caller. */
  readonly cause?: unknown;
}

/** An expected failure with a stable code. Rendered by the pipeline as RFC 9457 problem+json. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly advice: string;
  readonly issues: readonly Issue[];
  readonly retryAfterSeconds: number | undefined;
  readonly extra: { readonly [name: string]: unknown };

  constructor(code: string, definition: ErrorDefinition, details: ProblemDetails = {}) {
    super(fill(definition.says, details.params), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "Problem";
    this.code = code;
    this.status = definition.status;
    this.advice = definition.advice;
    this.issues = details.issues ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.extra = details.extra ?? {};
  }
}

/** The same problem as somebody else has to tell it: its places seen from elsewhere, with more members, as another status. */
export function moved(
  problem: Problem,
  place: (path: string) => string,
  extra: ProblemDetails["extra"] = {},
  status = problem.status,
): Problem {
  const { code, message, advice, issues, retryAfterSeconds, cause } = problem;
  const details = { issues: issues.map((issue) => ({ ...issue, path: place(issue.path) })), cause };
  const after = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new Problem(
    code,
    { status, says: message, advice },
    { ...details, ...after, extra: { ...problem.extra, ...extra } },
  );
}

export type ErrorTable<Codes extends string> = { readonly [code in Codes]: (details?: ProblemDetails) => Problem };

const catalogue = new Map<string, ErrorDefinition>();

/** Registers a room's codes and gives one constructor per code: `throw errors.record_not_found()`. */
export function defineErrors<Codes extends string>(definitions: Record<Codes, ErrorDefinition>): ErrorTable<Codes> {
  const table: Partial<Record<Codes, (details?: ProblemDetails) => Problem>> = {};
  for (const code of Object.keys(definitions) as Codes[]) {
    const definition = definitions[code];
    if (catalogue.has(code)) throw new Error(`error code ${code} is defined twice`);
    catalogue.set(code, definition);
    table[code] = (details) => new Problem(code, definition, details);
  }
  return table as ErrorTable<Codes>;
}

/** Every code defined so far, for the generated docs and the OpenAPI document. */
export function errorCatalogue(): ReadonlyMap<string, ErrorDefinition> {
  return catalogue;
}

function fill(text: string, params: ProblemDetails["params"]): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params?.[name] ?? whole));
}
