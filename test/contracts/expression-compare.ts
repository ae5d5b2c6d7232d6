// Asks Postgres, the JavaScript evaluator and the plain interpreter the same expressions about the same rows.
import {
  CelError,
  type CheckEnv,
  type Checked,
  check,
  type Expr,
  evaluator,
  fault,
  fromWire,
  toWire,
} from "@landfall/client/cel";
import { SlotBinder, type SlotValues, slotValue } from "../../server/collections/expression-slots.ts";
import { compileFalsehood, compileTruth } from "../../server/collections/expression-sql.ts";
import type { Db } from "../../server/kernel/db/index.ts";
import { params } from "./expression-generate.ts";
import { interpret } from "./expression-interpreter.ts";
import { rowTypes, type World } from "./expression-world.ts";

export const actors: readonly SlotValues["auth"][] = [
  { id: "u1", signedIn: true, roles: ["a", "ab"], teams: [], claims: { a: 1, b: ["a"] }, device: "d" },
  { signedIn: false, roles: [], teams: [], claims: {} },
];
export const nowMs = Date.parse("2026-01-01T00:00:00.000Z");

export const env: CheckEnv = {
  mode: "rule",
  before: true,
  row: rowTypes.get("posts") as NonNullable<ReturnType<typeof rowTypes.get>>,
  collections: (name) => rowTypes.get(name),
  params,
};

type Answer = boolean | "error";

/** Expressions the checker refuses although they are built well-typed: impossible literals and too much work. */
function checkedOrRefused(expr: Expr): Checked | undefined {
  try {
    return check(fromWire(JSON.parse(JSON.stringify(toWire(expr)))), env);
  } catch (error) {
    const expected =
      error instanceof CelError && /^The expression costs|no time of the years|no such place/.test(error.message);
    if (expected) return undefined;
    throw error;
  }
}

/** The disagreements, described; empty when all agree. Every expression also travels through its JSON form. */
export async function disagreements(
  db: Db,
  world: World,
  given: readonly Expr[],
  auth: SlotValues["auth"],
): Promise<string[]> {
  const pairs = given.flatMap((expr) => {
    const one = checkedOrRefused(expr);
    return one ? [{ expr, one }] : [];
  });
  if (pairs.length < given.length * 0.7)
    return [`only ${pairs.length} of ${given.length} expressions passed the checker`];
  const exprs = pairs.map(({ expr }) => expr);
  const checked = pairs.map(({ one }) => one);
  const answers = await ask(db, checked, auth);
  const found: string[] = [];
  for (const [i, expr] of exprs.entries()) {
    const one = checked[i] as Checked;
    const run = one.class === "rowLocal" ? evaluator(one) : undefined;
    const posts = world.posts ?? [];
    for (const [at, row] of posts.entries()) {
      const before = posts[(at + 1) % posts.length] ?? row;
      const [isTrue, isFalse] = answers.get(String(row.id))?.[i] ?? [];
      if (isTrue && isFalse) found.push(`${describe(expr)} is both true and false for ${JSON.stringify(row)}`);
      const sql: Answer = isTrue ? true : isFalse ? false : "error";
      const plain = interpret(
        expr,
        { world, rowTypes, auth: { ...auth }, nowMs, door: "rest", params },
        row,
        "posts",
        before,
      );
      const local = run?.({ row, before, auth, nowMs, door: "rest", params });
      const js: Answer | undefined =
        run === undefined
          ? undefined
          : typeof local === "boolean"
            ? local
            : local === null || local === fault
              ? "error"
              : "error";
      if (sql !== plain || (js !== undefined && js !== plain)) {
        found.push(
          `${describe(expr)}\n  plain ${plain}, javascript ${js ?? "-"}, sql ${sql} for ${JSON.stringify(row)}`,
        );
        break;
      }
    }
  }
  return found;
}

const describe = (expr: Expr): string => JSON.stringify(toWire(expr));

/** One statement for all of them: for each row and expression whether it is true and whether it is false. */
async function ask(
  db: Db,
  checked: readonly Checked[],
  auth: SlotValues["auth"],
): Promise<ReadonlyMap<string, readonly (readonly [boolean, boolean])[]>> {
  const binder = new SlotBinder();
  const options = {
    binder,
    row: { column: (name: string) => `r."${name}"` },
    before: { column: (name: string) => `b."${name}"` },
    table: (collection: string) => `public."${collection}"`,
    joinTable: (collection: string, field: string) => `public."${collection}__${field}"`,
  };
  const columns = checked.map((one, i) => {
    const own = { ...options, aliasPrefix: `e${i}_` };
    return `coalesce(${compileTruth(one, own)}, FALSE), coalesce(${compileFalsehood(one, own)}, FALSE)`;
  });
  // The stored row of each post is the post after it.
  const before =
    "JOIN public.posts b ON b.id = 'p' || (substr(r.id, 2)::int + 1) % (SELECT count(*) FROM public.posts)";
  const values = binder.slots.map((slot) => slotValue(slot, { auth, nowMs, door: "rest", params }));
  const result = await db.texts({ text: `SELECT r.id, ${columns.join(", ")} FROM public.posts r ${before}`, values });
  return new Map(
    result.rows.map((row) => [
      String(row[0]),
      checked.map((_, i) => [row[1 + 2 * i] === "t", row[2 + 2 * i] === "t"] as const),
    ]),
  );
}
