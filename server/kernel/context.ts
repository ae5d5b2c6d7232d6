import type { Logger } from "pino";
import type { Actor } from "./actor.ts";
import type { Db } from "./db/index.ts";

/** What travels with one request from its door to the database. Made by the HTTP pipeline, or by a job or the CLI. */
export interface Context {
  readonly actor: Actor;
  readonly requestId: string;
  /** Which door the request came through; rules see it as `request.door`. */
  readonly door: "rest" | "batch" | "import" | "export" | "console" | "cli" | "system";
  /** Milliseconds since the epoch, fixed for the whole request; rules see it as `request.time`. */
  readonly nowMs: number;
  /** The pool, or the transaction that the pipeline opened (an idempotency key, an atomic batch). All work goes through it. */
  readonly db: Db;
  readonly log: Logger;
  /** Aborts when the client goes away or the deadline passes. */
  readonly signal: AbortSignal;
  /** Device mutation id when a sync client writes; stands in the log entry. */
  readonly mutationId?: string;
  /** An admin asks: a refusal names the clause that decided (`X-Landfall-Explain: 1`), and is no denial to be kept. */
  readonly explain?: boolean;
}
