// What the database itself can do to a request, and how a broken connection is told from a refused statement.
import pg from "pg";
import { defineErrors } from "../errors/index.ts";

export const errors = defineErrors({
  database_unavailable: {
    status: 503,
    says: "The database does not answer or has no free connection.",
    advice: "Try again shortly; a write may or may not have happened, so repeat it with the same Idempotency-Key.",
  },
});

/** 57P01 to 57P05: shutdown, crash, starting, dropped, idle timeout. 25P03: idle in transaction. 08: connection. 53300: full. */
const lostStates = /^(57P0[1-5]|25P0[34]|08...|53300)$/;

/** True when the connection is useless from now on; false for an ordinary refusal by Postgres. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof pg.DatabaseError ? lostStates.test(error.code ?? "") : fromTransport(error);
}

function fromTransport(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "ENOENT", "EHOSTUNREACH", "ENETUNREACH"].includes(code ?? "")) return true; // biome-ignore format: one line
  return /^(Connection terminated|Query read timeout|timeout exceeded|Client has encountered a connection error|Client was closed)/.test(error.message); // biome-ignore format: one line
}

/** Runs work on the database and turns a lost connection into the 503 a caller may see. */
export async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isConnectionLost(error) ? errors.database_unavailable({ cause: error, retryAfterSeconds: 1 }) : error;
  }
}
