// Tells a broken connection from a statement that Postgres refused. What a caller sees of either is the pipeline's matter.
import pg from "pg";

/** 57P01 to 57P05: shutdown, crash, starting, dropped, idle. 25P03, 25P04: a transaction held too long. 08: connection. */
const lostStates = /^(57P0[1-5]|25P0[34]|08...|53300)$/;
const lostCodes = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOENT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
/** pg reports these without a code. */
const lostMessage = /^(Connection terminated|Query read timeout|timeout exceeded|Client has encountered a connection error|Client was closed)/; // biome-ignore format: one line

/** True when the connection is useless from now on; false for an ordinary refusal. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return lostStates.test(error.code ?? "");
  if (!(error instanceof Error)) return false;
  return lostCodes.has((error as NodeJS.ErrnoException).code ?? "") || lostMessage.test(error.message);
}

/** pg's client-side timeout has no code; with one it is known for what it is wherever it arrives. */
export function coded(error: unknown): unknown {
  if (error instanceof Error && error.message.startsWith("Query read timeout")) return Object.assign(error, { code: "ETIMEDOUT" }); // biome-ignore format: one line
  return error;
}
