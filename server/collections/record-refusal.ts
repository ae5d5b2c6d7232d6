// Why a write found no row: each of its conditions asked by itself. The order decides what a caller learns, so what must
// stay unknown is answered first: an invisible record is missing, an invisible target does not exist.
import type { RecordAction } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import type { Issue } from "../kernel/errors/index.ts";
import { QueryCache } from "./query-cache.ts";
import type { Env } from "./query-sql.ts";
import { and, type CompiledStatement } from "./query-sql.ts";
import { errors } from "./record-errors.ts";
import { tableOf } from "./record-fields.ts";
import { audienceIn, newBuild, type Room } from "./record-room.ts";
import { aliasRow } from "./record-select.ts";
import { missingTarget } from "./record-sql-errors.ts";
import { type CompiledRefusal, type Condition, compileRefusal, type WritePlan } from "./record-write-sql.ts";
import type { Schema } from "./types.ts";
import { clauses } from "./visibility.ts";

type Refused = WritePlan & { readonly deletes?: boolean };

/** The problem to answer with; undefined when every condition holds by now, so that the write may be tried again. */
export async function refusalOf(
  room: Room,
  ctx: Context,
  plan: Refused,
  action: RecordAction,
  env: Env,
): Promise<Error | undefined> {
  const compiled = compileRefusal(newBuild(room, audienceIn(ctx)), plan);
  const { rows } = await ctx.db.texts(compiled.statement.run(env));
  const answers = { u: rows.find((row) => row[0] === "u"), i: rows.find((row) => row[0] === "i") };
  const refuse = (conditions: readonly Condition[], answer: readonly (string | null)[], operation: RecordAction) =>
    verdict(room, ctx, plan, { conditions, answer: answer.slice(1), operation, id: env.id as string });
  const toInsert = () => answers.i && refuse(compiled.fresh, answers.i, "create");
  if (!answers.u) return plan.insert ? toInsert() : errors.record_not_found();
  // An upsert that meets a record its caller may not see has met a taken id: the one declared oracle, and only for those
  // who could have created the record. To all others it is as if nothing were there.
  if (plan.insert && !isSeen(compiled, answers.u)) return toInsert() ?? taken();
  return refuse(compiled.stored, answers.u, action);
}

const isSeen = ({ stored }: CompiledRefusal, answer: readonly (string | null)[]): boolean =>
  stored.every(({ why }, at) => why !== "missing" || answer[at + 1] === "true");

const taken = () =>
  errors.record_conflict({ issues: [{ path: "path.id", code: "taken", message: "This id is taken." }] });

export interface Asked {
  readonly conditions: readonly Condition[];
  readonly answer: readonly (string | null)[];
  readonly operation: RecordAction;
  readonly id: string;
  /** JSON Pointer of the record in the body. */
  readonly at?: string;
}

const order = ["missing", "relation", "rule", "field", "version", "range"] as const;

export function verdict(
  room: Room,
  ctx: Context,
  { schema }: Pick<Refused, "schema">,
  asked: Asked,
): Error | undefined {
  const failed = asked.conditions.filter((_condition, at) => asked.answer[at] !== "true");
  const first = order.flatMap((why) => failed.filter((condition) => condition.why === why))[0];
  if (!first) return undefined;
  const { why, field, clause = "" } = first;
  const path = `${asked.at ?? ""}/${field?.name ?? ""}`;
  switch (why) {
    case "missing":
      return notSeen(room, ctx, schema, { action: "get", clause, record: asked.id });
    case "relation":
      return missingTarget(field as NonNullable<typeof field>, path);
    case "rule":
      return denied(room, ctx, schema, { action: asked.operation, clause, record: asked.id });
    case "field":
      return denied(room, ctx, schema, {
        action: asked.operation,
        clause: field?.rules?.write ?? "",
        record: asked.id,
        field: field?.name,
      });
    case "version":
      return errors.record_version_conflict();
    case "range": {
      const message = "The result lies outside what this field may hold.";
      return errors.record_unprocessable({ issues: [{ path, code: "range", message }] });
    }
    default:
      return why satisfies never;
  }
}

interface Refusal {
  readonly action: RecordAction;
  readonly clause: string;
  readonly record?: string;
  readonly field?: string | undefined;
  readonly rule?: string | undefined;
}

/** 403 for what the caller may see; the log and the denials table say why, an admin who asks is told too. */
export function denied(room: Room, ctx: Context, schema: Schema, refusal: Refusal): Error {
  room.denials.note(ctx, schema, { ...refusal, rule: schema.rules[refusal.action] ?? undefined });
  return errors.record_forbidden(explanation(ctx, refusal));
}

/** The one 404, which only an admin who asks is told a reason for. */
export function notSeen(room: Room, ctx: Context, schema: Schema, refusal: Refusal): Error {
  room.denials.note(ctx, schema, refusal);
  return errors.record_not_found(explanation(ctx, refusal));
}

/** The rule and the clause that decided, as the place and the message of an issue. */
function explanation({ explain }: Context, { action, clause, field }: Refusal): { readonly issues?: readonly Issue[] } {
  if (!explain) return {};
  const path = field === undefined ? `rules.${action}` : `fields.${field}.rules.write`;
  return { issues: [{ path, code: "denied", message: clause }] };
}

const looks = new QueryCache<{ readonly texts: readonly string[]; readonly statement: CompiledStatement }>();

/** A record that was asked for and not found may be there and invisible: that is a denial, which only the log learns. */
export async function notFound(room: Room, ctx: Context, schema: Schema, id: string): Promise<Error> {
  const audience = audienceIn(ctx);
  if (audience.passesRules) return errors.record_not_found();
  const look = looks.get(room.schemas.current(), `${audience.key} ${schema.name}`, () => {
    const build = newBuild(room, audience);
    const asked = clauses(build, "get", aliasRow(schema, "t"));
    const columns = asked.map(({ sql }) => `(${and([sql])})::text`);
    const place = build.sql.bind("id", (env) => env.id);
    const text = `SELECT ${columns.join(", ")} FROM ${tableOf(schema)} t WHERE t.id = ${place}`;
    return { texts: asked.map((clause) => clause.text), statement: build.sql.finish(text, true) };
  });
  const { rows } = await ctx.db.texts(look.statement.run({ ctx, id }));
  const failed = rows[0]?.findIndex((answer) => answer !== "true") ?? -1;
  if (failed < 0) return errors.record_not_found();
  const rule = schema.rules.get ?? schema.rules.list ?? undefined;
  return notSeen(room, ctx, schema, { action: "get", clause: look.texts[failed] ?? "", rule, record: id });
}
