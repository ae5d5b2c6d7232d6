// Into a collection what can go in, and why the rest cannot: the records of a chunk in as few statements as there are
// reasons, each refusal that of the record alone.
import type { Context } from "../kernel/context.ts";
import { Problem } from "../kernel/errors/index.ts";
import { parseJsonBody } from "../kernel/http/json-body.ts";
import type { Line } from "./import-lines.ts";
import type { ImportError } from "./import-store.ts";
import type { BulkWriter } from "./record-bulk.ts";

export const errorsKept = 100;

export interface Target {
  readonly bulk: BulkWriter;
  readonly collection: string;
}

export interface Row {
  readonly line: number;
  readonly body: unknown;
}

export interface Refused {
  readonly line: number;
  readonly problem: Problem;
}

export function parsed(lines: readonly Line[], refused: Refused[]): Row[] {
  const rows: Row[] = [];
  for (const { number, text } of lines) {
    try {
      rows.push({ line: number, body: parseJsonBody(Buffer.from(text)) });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refused.push({ line: number, problem: error });
    }
  }
  return rows;
}

/** How often those that were kept out are asked again after others came in, before each has to stand alone. */
const roundsMax = 8;

/**
 * Inserts what can be inserted. When a group is refused, one statement says which of it cannot be, and the rest goes in
 * without them; then they are asked again, since a rule or a relation may have waited for one of the others.
 */
export async function insertLines(
  target: Target,
  ctx: Context,
  rows: readonly Row[],
  refused: Refused[],
  round = 0,
): Promise<number> {
  if (rows.length === 0) return 0;
  const { bulk, collection } = target;
  const bodies = rows.map(({ body }) => body);
  const options = { forgiving: true, silent: true };
  try {
    await bulk.createMany(ctx, collection, bodies, options);
    return rows.length;
  } catch (error) {
    // What may be tried again is not the records' fault.
    if (!(error instanceof Problem) || error.status >= 500 || error.retryAfterSeconds !== undefined) throw error;
    if (rows.length === 1) {
      refused.push({ line: rows[0]?.line as number, problem: error });
      return 0;
    }
  }
  const found = round < roundsMax ? await bulk.refusals(ctx, collection, bodies, options) : new Map<number, Problem>();
  if (found.size === 0) return insertHalves(target, ctx, rows, refused);
  const [fit, kept] = [rows.filter((_row, at) => !found.has(at)), rows.filter((_row, at) => found.has(at))];
  const taken = await insertLines(target, ctx, fit, refused, round);
  if (taken > 0) return taken + (await insertLines(target, ctx, kept, refused, round + 1));
  for (const [at, problem] of found) refused.push({ line: rows[at]?.line as number, problem });
  return 0;
}

/** For what no statement can tell beforehand: halved until the records at fault stand alone. */
async function insertHalves(target: Target, ctx: Context, rows: readonly Row[], refused: Refused[]): Promise<number> {
  const half = Math.ceil(rows.length / 2);
  const first = await insertLines(target, ctx, rows.slice(0, half), refused, roundsMax);
  return first + (await insertLines(target, ctx, rows.slice(half), refused, roundsMax));
}

/** The place in the body becomes the line and the place in it. */
export function lineErrors({ line, problem }: Refused): ImportError[] {
  if (problem.issues.length === 0) return [{ line, path: "", code: problem.code, message: problem.message }];
  return problem.issues.map(({ path, code, message }) => ({
    line,
    path: path.replace(/^\/0(?=\/|$)/, ""),
    code,
    message,
  }));
}

export const byLine = (refused: readonly Refused[]): Refused[] => refused.toSorted((a, b) => a.line - b.line);

/** The answer is that of the first record refused; the places of all are named with it. */
export function refusedLines(refused: readonly Refused[]): Error {
  const all = byLine(refused);
  const { problem } = all[0] as Refused;
  const issues = all
    .flatMap(lineErrors)
    .slice(0, errorsKept)
    .map(({ line, path, code, message }) => ({ path: `/${line}${path}`, code, message }));
  const { code, status, message: says, advice, extra } = problem;
  return new Problem(code, { status, says, advice }, { issues, extra, cause: problem });
}
