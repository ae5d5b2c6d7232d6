// Answers for requests that never became one: what Node's parser refuses, written to the bare socket.
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Problem } from "../errors/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { problemContentType, problemDocument } from "../errors/problem-document.ts";
import { requestId } from "./trace.ts";

interface Answering {
  readonly headersSent: boolean;
  readonly req: IncomingMessage;
  once(event: "finish", listener: () => void): unknown;
}

/** For the server's `clientError`. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  answered: (problem: Problem) => void,
): void {
  if (error.code === "ECONNRESET") return void socket.destroy();
  const problem = problemOf(error.code);
  refuseOn(socket, problem, () => answered(problem));
}

/**
 * The last answer on a connection, for a request that has no response of its own. Whole requests before it are answered first,
 * or their clients would take this refusal for their own answer.
 */
export function refuseOn(socket: Duplex, problem: Problem, answered: () => void = () => {}): void {
  const current = (socket as { _httpMessage?: Answering | null })._httpMessage;
  if (socket.writable && current?.req.complete) {
    current.once("finish", () => refuseOn(socket, problem, answered));
    return;
  }
  // Closed by the peer, or the refused request's answer is already under way: nothing can be said.
  if (!socket.writable || current?.headersSent) return void socket.destroy();
  writeProblem(socket, problem);
  answered();
}

function writeProblem(socket: Duplex, problem: Problem): void {
  const id = requestId(undefined);
  const body = JSON.stringify(problemDocument(problem, id));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${problemContentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    "X-Content-Type-Options: nosniff",
    "Cache-Control: no-store",
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

function problemOf(code: string | undefined): Problem {
  if (code === "HPE_HEADER_OVERFLOW") return kernelErrors.headers_too_large();
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return kernelErrors.body_too_large({ params: { max: 16_384 } });
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return kernelErrors.request_timeout();
  return kernelErrors.request_malformed();
}
