// Two transactions that wait for each other: Postgres lets one of them fail, whose work is undone and may be done again.
// Nobody did anything wrong, so nobody is told as long as a few tries are enough.
import { Problem } from "../kernel/errors/index.ts";

const triesMax = 5;
const collisions = new Set(["40P01", "40001"]);

/** Work that is one transaction, or undone to its savepoint, whole. `pause` gets the number of the try that failed. */
export async function retried<T>(pause: (attempt: number) => Promise<void>, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === triesMax || !isCollision(error)) throw error;
      await pause(attempt);
    }
  }
}

/** As Postgres said it, or as the cause of what the caller would be told. */
function isCollision(error: unknown): boolean {
  const { code } = ((error instanceof Problem ? error.cause : error) ?? {}) as { code?: unknown };
  return collisions.has(String(code));
}
