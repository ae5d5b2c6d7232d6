import type { ProblemDocument, ProblemIssue } from "./wire/index.ts";

/**
 * Failures that the client itself finds: before an answer arrives, or in it.
 *
 * @example
 * ```ts
 * const local: readonly ClientErrorCode[] = ["network_error", "timeout"];
 * const error = await lf.from("posts").get("p1", { timeoutMs: 5_000 }).catch((failure) => failure);
 * const offline = error instanceof LandfallError && local.some((code) => code === error.code);
 * ```
 */
export type ClientErrorCode =
  | "network_error"
  | "timeout"
  | "aborted"
  | "invalid_answer"
  | "invalid_argument"
  | "answer_withheld"
  | "signed_out"
  | "redirect_unknown"
  | "passkey_cancelled"
  | "unsupported";

/**
 * Every failure of the client: one class, a stable `code`, and what is needed to show it, retry it or report it.
 *
 * @example
 * ```ts
 * try {
 *   await lf.from("posts").create({ title: "x".repeat(500), author: "u1" });
 * } catch (error) {
 *   if (!(error instanceof LandfallError)) throw error;
 *   console.log(error.code, error.advice, error.issueOf("title")?.message, error.requestId);
 * }
 * ```
 */
export class LandfallError extends Error {
  /** A code of the server's error table, or a {@link ClientErrorCode}. */
  readonly code: ClientErrorCode | (string & {});
  /** HTTP status; 0 when no answer arrived. */
  readonly status: number;
  /** What to do next, in one sentence. */
  readonly advice: string | undefined;
  /** Wrong places of the input, ready for a form. */
  readonly issues: readonly ProblemIssue[];
  /** Names this request in the server's logs. */
  readonly requestId: string | undefined;
  /** The same call may succeed later. */
  readonly retryable: boolean;

  constructor(details: {
    code: string;
    message: string;
    status?: number;
    advice?: string | undefined;
    issues?: readonly ProblemIssue[];
    requestId?: string | undefined;
    retryable?: boolean;
    cause?: unknown;
  }) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "LandfallError";
    this.code = details.code;
    this.status = details.status ?? 0;
    this.advice = details.advice;
    this.issues = details.issues ?? [];
    this.requestId = details.requestId;
    this.retryable = details.retryable ?? false;
  }

  /**
   * The first issue of a field, for a message beside its input.
   *
   * @example
   * ```ts
   * const error = await lf.from("posts").create({ title: "", author: "u1" }).catch((failure) => failure);
   * const besideTheInput = error instanceof LandfallError ? error.issueOf("title")?.message : undefined;
   * ```
   */
  issueOf(field: string): ProblemIssue | undefined {
    return this.issues.find((issue) => issue.path === `/${field}` || issue.path.startsWith(`/${field}/`));
  }
}

const retryableStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Conflicts with what others were doing at that moment; with the data, another try changes nothing. */
const passingConflicts = new Set(["idempotency_in_flight", "record_busy", "record_definition_changed"]);

function isRetryableStatus(status: number): boolean {
  return retryableStatuses.has(status);
}

/** An error answer as a {@link LandfallError}; proxies that answer HTML are named as such. */
export function errorFromAnswer(status: number, text: string, requestId: string | null): LandfallError {
  const problem = parseProblem(text);
  return new LandfallError({
    code: problem?.code ?? "invalid_answer",
    message: problem ? (problem.detail ?? problem.title) : `The server answered ${status} without a problem document.`,
    status,
    advice: problem?.advice,
    issues: problem?.errors ?? [],
    requestId: problem?.requestId ?? requestId ?? undefined,
    retryable: isRetryableStatus(status) || passingConflicts.has(problem?.code ?? ""),
  });
}

function parseProblem(text: string): ProblemDocument | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isProblem =
      typeof value === "object" && value !== null && typeof (value as ProblemDocument).code === "string";
    return isProblem ? (value as ProblemDocument) : undefined;
  } catch {
    return undefined;
  }
}
