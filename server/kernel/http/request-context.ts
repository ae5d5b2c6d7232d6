// The Context of one HTTP request. What costs something and is seldom used (child logger, abort signal) is made on demand.
import type { ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Actor } from "../actor.ts";
import type { Context } from "../context.ts";
import type { Db } from "../db/index.ts";
import type { Exchange } from "./exchange.ts";

export interface ContextParts {
  readonly exchange: Exchange;
  readonly actor: Actor;
  readonly door: Context["door"];
  readonly nowMs: number;
  readonly explain: boolean;
  readonly db: Db;
  readonly log: Logger;
  /** After this the signal aborts; 0: only when the client goes away. */
  readonly deadlineMs: number;
}

export class RequestContext implements Context {
  readonly actor: Actor;
  readonly requestId: string;
  readonly door: Context["door"];
  readonly nowMs: number;
  readonly explain: boolean;
  /** The pipeline puts the idempotency key's transaction here before the handler runs. */
  db: Db;
  readonly #parts: ContextParts;
  #log: Logger | undefined;
  #signal: AbortSignal | undefined;

  constructor(parts: ContextParts) {
    this.#parts = parts;
    this.actor = parts.actor;
    this.requestId = parts.exchange.requestId;
    this.door = parts.door;
    this.nowMs = parts.nowMs;
    this.db = parts.db;
    this.explain = parts.explain;
  }

  get log(): Logger {
    const { exchange, log } = this.#parts;
    this.#log ??= log.child({ requestId: exchange.requestId, route: exchange.route });
    return this.#log;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#parts.exchange.response, this.#parts.deadlineMs);
    return this.#signal;
  }
}

function signalOf(response: ServerResponse, deadlineMs: number): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = deadlineMs > 0 ? setTimeout(abort, deadlineMs).unref() : undefined;
  response.once("close", () => {
    clearTimeout(timer);
    if (!response.writableFinished) abort();
  });
  if (response.destroyed) abort();
  return controller.signal;
}
