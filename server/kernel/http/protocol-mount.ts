// Addresses of a protocol whose requests, answers and errors have a shape of their own, such as OAuth. The pipeline lets a
// request in, bounds and reads what it sends, and puts the headers on that every answer has; the rest is the protocol's.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";

export interface ProtocolMount {
  /** Addresses in OpenAPI form, each with its name in logs and metrics. Whatever else stands beneath them is not there (404). */
  readonly paths: { readonly [path: string]: string };
  readonly bodyLimitBytes: number;
  /** Content-Security-Policy of what it shows to people. */
  readonly policy: readonly string[];
  /** Writes the whole answer. What it throws before it began to becomes a problem document. */
  readonly serve: (call: ProtocolCall) => Promise<void>;
}

export interface ProtocolCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** All of it; empty where there was none. */
  readonly body: Buffer;
  /** Client address after trusted proxies. */
  readonly ip: string;
  readonly requestId: string;
  readonly nowMs: number;
  readonly log: Logger;
}
