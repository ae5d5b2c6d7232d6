// Answers for requests that never became one: what Node's parser refuses, written to the bare socket.
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Problem } from "../errors/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { problemContentType, problemDocument } from "../errors/problem-document.ts";
import { requestId } from "./trace.ts";

/** For the server's `clientError`. Returns what was answered, for log and metrics. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): Problem | undefined {
  // Reset by the peer, or an answer is already under way: nothing can be said.
  const busy = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent;
  if (error.code === "ECONNRESET" || !socket.writable || busy) {
    socket.destroy();
    return undefined;
  }
  const problem = problemOf(error.code);
  writeProblem(socket, problem);
  return problem;
}

export function writeProblem(socket: Duplex, problem: Problem): void {
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
