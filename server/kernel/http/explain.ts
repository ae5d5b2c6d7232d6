// `X-Landfall-Explain-As`: an admin asks how a request of somebody else's would end. It is judged as that actor, inside a
// transaction that is undone, and a refusal names the clause that decided.
//
//   X-Landfall-Explain: 1                the admin's own credential stands in Authorization as ever
//   X-Landfall-Explain-As: {"id":"u1"}   or `key:<id>`, or `anonymous`
import type { IncomingMessage } from "node:http";
import type { Actor } from "../actor.ts";
import type { Db } from "../db/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { checkAccess, isAdmin } from "./access.ts";
import type { Reply, Route } from "./route.ts";

/** Makes the actor that the header names; undefined when it names none. */
export type ActorNamed = (text: string) => Promise<Actor | undefined>;

export const explains = (request: IncomingMessage, actor: Actor): boolean =>
  request.headers["x-landfall-explain"] === "1" && isAdmin(actor);

/**
 * As whom the request is judged. What cannot be explained is refused: an admin who believes to be asking must never write in
 * earnest.
 */
export async function judgedAs(
  request: IncomingMessage,
  actor: Actor,
  route: Route,
  actorNamed: ActorNamed | undefined,
): Promise<Actor> {
  if (!isAdmin(actor)) throw kernelErrors.not_allowed();
  if (!route.explained) throw refused("Explain-As", "This operation cannot be explained.");
  if (!explains(request, actor)) throw refused("Explain", "Send X-Landfall-Explain: 1 with X-Landfall-Explain-As.");
  if (request.headers["idempotency-key"] !== undefined)
    throw refused("Explain-As", "What is undone needs no Idempotency-Key.");
  const judged = await actorNamed?.(String(request.headers["x-landfall-explain-as"]));
  if (!judged)
    throw refused("Explain-As", 'Expected anonymous, key:<id> of an API key, or {"id":"u1","roles":[],"teams":[]}.');
  checkAccess(route, judged);
  return judged;
}

function refused(header: "Explain" | "Explain-As", message: string): Error {
  return kernelErrors.input_invalid({ issues: [{ path: `header.X-Landfall-${header}`, code: "invalid", message }] });
}

/** Does the work and undoes it. Its answer is of nothing that is stored, so it carries no tag and no place. */
export async function undone(db: Db, work: (tx: Db) => Promise<Reply>): Promise<Reply> {
  let reply: Reply | undefined;
  const undo = new Error("undone");
  await db
    .transaction(async (tx) => {
      reply = await work(tx);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  const { etag: _etag, headers: _headers, ...rest } = reply as Reply;
  return { ...rest, cacheControl: "no-store" };
}
