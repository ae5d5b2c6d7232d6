// The way of one request through a route: admission, credential, limits, access, input, effect, answer. Each step may
// throw; whatever is thrown ends as a problem document in `finish`.
import type { Logger } from "pino";
import { type Actor, anonymous } from "../actor.ts";
import type { Clock } from "../clock.ts";
import type { Db } from "../db/index.ts";
import { Problem } from "../errors/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { toProblem } from "../errors/translate.ts";
import { checkAccess, isAdmin } from "./access.ts";
import { type Answers, varyOf } from "./answer.ts";
import { checkContentType, discardRest, hasBody, limitedStream, readBody } from "./body.ts";
import { limitKey } from "./client-address.ts";
import type { Cors } from "./cors.ts";
import { type MatchHeader, parseEntityTags } from "./entity-tag.ts";
import type { Exchange } from "./exchange.ts";
import { type ActorNamed, explains, judgedAs, undone } from "./explain.ts";
import { checkIdempotencyKey, fingerprint, runOnce } from "./idempotency.ts";
import { parseJsonBody } from "./json-body.ts";
import type { ProtocolMount } from "./protocol-mount.ts";
import { parseQueryText } from "./query-text.ts";
import type { RateLimit } from "./rate-limit.ts";
import { RequestContext } from "./request-context.ts";
import type { Reply } from "./route.ts";
import type { RoutePlan } from "./route-plan.ts";
import type { HttpSettings } from "./settings.ts";
import type { Client, Shedding } from "./shedding.ts";
import { textFault } from "./text-fault.ts";
import { validate } from "./validate.ts";

export type Authenticate = (
  headers: { readonly [name: string]: string | string[] | undefined },
  ip: string,
  /** What a proof of a key is bound to (RFC 9449). */
  asked: Pick<Exchange, "request" | "path">,
) => Actor | Promise<Actor>;

export interface PipelineParts {
  readonly settings: HttpSettings;
  readonly db: Db;
  readonly log: Logger;
  readonly clock: Clock;
  readonly authenticate: Authenticate;
  readonly namedActor?: ActorNamed;
  /** Told after the commit of an effect that the pipeline ran in a transaction of its own. */
  readonly committed?: () => void;
  readonly answers: Answers;
  readonly cors: Cors;
  readonly shedding: Shedding;
  readonly credentialLimit: RateLimit | undefined;
  readonly addressLimit: RateLimit | undefined;
  /** Called once per request, when its answer has been handed to the socket. */
  readonly finished: (exchange: Exchange, status: number, problem?: Problem) => void;
}

export interface Pipeline {
  serve(plan: RoutePlan, exchange: Exchange, params: unknown): Promise<void>;
  /** The same admission for a protocol that answers by itself; there is no actor, since its credentials are its own. */
  pass(mount: ProtocolMount, exchange: Exchange): Promise<void>;
  /** Ends an exchange that no route took. */
  fail(exchange: Exchange, thrown: unknown): void;
}

export function createPipeline(parts: PipelineParts): Pipeline {
  const { answers, shedding, finished } = parts;

  const fail = (exchange: Exchange, thrown: unknown) => {
    const problem = toProblem(thrown);
    // The client went away, so what failed may be no more than that. Nobody reads an answer; 499 is for log and metrics.
    // The request's socket is asked: a response that waits behind others on the connection has none yet.
    if (exchange.request.socket.destroyed && !isBug(problem)) return finished(exchange, 499, problem);
    const { response } = exchange;
    for (const name of response.headersSent ? [] : response.getHeaderNames()) response.removeHeader(name);
    answers.problem(exchange, problem);
    discardRest(exchange.request);
    finished(exchange, problem.status, problem);
  };

  async function serve(plan: RoutePlan, exchange: Exchange, params: unknown): Promise<void> {
    exchange.route = plan.route.name;
    exchange.cors = plan.cors;
    let entered = false;
    let client: Client | undefined;
    try {
      shedding.enter();
      entered = true;
      const actor = await admit(parts, plan, exchange);
      const asking: Client = { address: limitKey(exchange.ip), isAdmin: isAdmin(actor), waitedMs: 0 };
      client = asking;
      const work = () => perform(parts, plan, exchange, { actor, client: asking }, params);
      const reply = await (plan.bodyKind === "stream" ? shedding.aside("streaming", asking, work) : work());
      await send(exchange, reply, { plan, client: asking });
      finished(exchange, exchange.response.statusCode);
    } catch (thrown) {
      // Its body was awaited, and then there was no room: that took no time that means anything.
      if (thrown instanceof Problem && thrown.code === "overloaded") client = undefined;
      fail(exchange, thrown);
    } finally {
      if (entered) shedding.leave(workedMs(plan, exchange, client));
    }
  }

  /** Undefined for admins, who are not counted, and for streams, whose clients set the pace. */
  function workedMs(plan: RoutePlan, exchange: Exchange, client: Client | undefined): number | undefined {
    if (!client || client.isAdmin || plan.bodyKind === "stream") return undefined;
    return parts.clock.monotonicMs() - exchange.startedMs - client.waitedMs;
  }

  async function send(exchange: Exchange, reply: Reply, { plan, client }: { plan: RoutePlan; client: Client }) {
    if (!reply.stream) return answers.reply(exchange, reply, plan.cache);
    try {
      await shedding.aside("streaming", client, () => answers.reply(exchange, reply, plan.cache));
    } finally {
      // Refused, broken off or read to its end: nothing behind it may stay open.
      reply.stream.destroy();
    }
  }
  async function pass(mount: ProtocolMount, exchange: Exchange): Promise<void> {
    let entered = false;
    let client: Client | undefined;
    try {
      shedding.enter();
      entered = true;
      shedding.confirm();
      count(parts.addressLimit, limitKey(exchange.ip), exchange);
      client = { address: limitKey(exchange.ip), isAdmin: false, waitedMs: 0 };
      await serveProtocol(parts, mount, exchange, client);
      finished(exchange, exchange.response.statusCode);
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.code === "overloaded") client = undefined;
      fail(exchange, thrown);
    } finally {
      if (entered) shedding.leave(client && parts.clock.monotonicMs() - exchange.startedMs - client.waitedMs);
    }
  }
  return { serve, pass, fail };
}

async function serveProtocol(parts: PipelineParts, mount: ProtocolMount, exchange: Exchange, client: Client) {
  const { request, response, ip, requestId } = exchange;
  const limits = { maxBytes: mount.bodyLimitBytes, timeoutMs: parts.settings.bodyTimeoutMs };
  const read = () => parts.shedding.aside("receiving", client, () => readBody(request, limits));
  const body = hasBody(request) ? await read() : Buffer.alloc(0);
  const headers = [...parts.answers.common(exchange), "Cache-Control", "no-store", "Vary", varyOf(parts.cors)];
  for (let at = 0; at < headers.length; at += 2) response.setHeader(headers[at] as string, headers[at + 1] as string);
  response.setHeader("Content-Security-Policy", mount.policy.join("; "));
  response.setHeader("X-Frame-Options", "DENY");
  const log = parts.log.child({ requestId });
  await mount.serve({ request, response, body, ip, requestId, nowMs: parts.clock.now(), log });
}

const partingCodes = new Set([
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_UNABLE_TO_PIPE",
  "ABORT_ERR",
  "ECONNRESET",
  "EPIPE",
]);

function isBug({ code, cause }: Problem): boolean {
  return code === "internal" && !partingCodes.has(String((cause as { code?: unknown } | undefined)?.code));
}

/** Who is it, and may they come in now? */
async function admit(parts: PipelineParts, plan: RoutePlan, exchange: Exchange): Promise<Actor> {
  const { headers } = exchange.request;
  if (plan.route.sameOrigin) {
    const isSame = parts.cors.isSameOrigin(
      headers.origin,
      headers["sec-fetch-site"] as string | undefined,
      headers.host,
    );
    if (!isSame) throw kernelErrors.origin_not_allowed();
  }
  const found = authenticated(parts, exchange);
  const actor = found instanceof Promise ? await found : found;
  exchange.actor = actor.label;
  // Admins and the service may do anything anyway; a limit would only stop them from helping a server in trouble.
  if (!isAdmin(actor)) {
    parts.shedding.confirm();
    countActor(parts, exchange, actor, 1);
  }
  checkAccess(plan.route, actor);
  return actor;
}

function authenticated(parts: PipelineParts, exchange: Exchange): Actor | Promise<Actor> {
  // A wrong credential is counted against the address, so that guessing is limited like asking.
  const refused = (thrown: unknown): never => {
    if (thrown instanceof Problem && thrown.status === 401) count(parts.addressLimit, limitKey(exchange.ip), exchange);
    throw thrown;
  };
  try {
    const found = parts.authenticate(exchange.request.headers, exchange.ip, exchange);
    return found instanceof Promise ? found.catch(refused) : (found ?? anonymous);
  } catch (thrown) {
    return refused(thrown);
  }
}

function countActor(parts: PipelineParts, exchange: Exchange, actor: Actor, amount: number): void {
  if (actor.kind === "anonymous") count(parts.addressLimit, limitKey(exchange.ip), exchange, amount);
  else count(parts.credentialLimit, actor.label, exchange, amount);
}

function count(limit: RateLimit | undefined, key: string, exchange: Exchange, amount = 1): void {
  if (!limit) return;
  const verdict = limit.take(key, amount);
  // The last count is the one that is told.
  const told = exchange.extra.indexOf("RateLimit-Policy");
  if (told >= 0) exchange.extra.splice(told, 4);
  exchange.extra.push("RateLimit-Policy", limit.policy, "RateLimit", limit.header(verdict));
  if (!verdict.allowed) throw kernelErrors.rate_limited({ retryAfterSeconds: verdict.waitSeconds });
}

/** Checks the input and runs the handler, inside the key's transaction when there is one. */
async function perform(
  parts: PipelineParts,
  plan: RoutePlan,
  exchange: Exchange,
  { actor, client }: { readonly actor: Actor; readonly client: Client },
  rawParams: unknown,
): Promise<Reply> {
  const { route } = plan;
  const { request } = exchange;
  checkParams(exchange, rawParams);
  checkConditions(exchange);
  const params = route.params ? validate(route.params, rawParams, "path") : {};
  const query = plan.query(parseQueryText(exchange.queryText));
  const key = idempotencyKey(plan, request.headers["idempotency-key"]);
  const bytes = plan.bodyKind === "stream" ? undefined : await jsonBytes(parts, plan, exchange, client);
  const body = bytes && route.body ? validate(route.body, parseJsonBody(bytes), "body") : undefined;
  const cost = route.cost?.(body as never) ?? 1;
  if (cost > 1 && !client.isAdmin) countActor(parts, exchange, actor, cost - 1);
  if (plan.bodyKind === "stream") checkContentType(request, plan.mediaTypes);
  const rehearsed = request.headers["x-landfall-explain-as"] !== undefined;
  const context = new RequestContext({
    exchange,
    actor: rehearsed ? await judgedAs(request, actor, route, parts.namedActor) : actor,
    explain: explains(request, actor),
    door: route.door ?? "rest",
    nowMs: parts.clock.now(),
    db: parts.db,
    log: parts.log,
    deadlineMs: plan.bodyKind === "stream" ? 0 : parts.settings.handlerDeadlineMs,
  });
  const input = {
    params,
    query,
    body,
    headers: request.headers as { readonly [name: string]: string | undefined },
    ip: exchange.ip,
    stream: plan.bodyKind === "stream" ? limitedStream(request, route.bodyLimitBytes) : request,
  };
  const work = (tx: Db) => {
    context.db = tx;
    return route.handler(context, input);
  };
  if (rehearsed) return undone(parts.db, work);
  if (key === undefined) return route.handler(context, input);
  const { reply, replayed } = await runOnce(
    parts.db,
    {
      key,
      principal: actor.kind === "anonymous" ? `anonymous:${exchange.ip}` : actor.label,
      route: route.name,
      fingerprint: fingerprint(
        [exchange.path, exchange.queryText, request.headers["if-match"], request.headers["if-none-match"]],
        bytes,
      ),
      secret: plan.secret,
      tags: { actor: actor.label, request: exchange.requestId },
    },
    work,
  );
  if (!replayed) parts.committed?.();
  return reply;
}

/** Percent-decoding yields no surrogates, so U+0000 is all that a path can smuggle in. */
function checkParams(exchange: Exchange, params: unknown): void {
  if (!exchange.path.includes("%00")) return;
  for (const [name, value] of Object.entries(params as Record<string, string>)) {
    const fault = textFault(value);
    if (fault)
      throw kernelErrors.input_invalid({ issues: [{ path: `path.${name}`, code: "text_invalid", message: fault }] });
  }
}

const conditions: readonly MatchHeader[] = ["If-Match", "If-None-Match"];

/** A condition that is not understood is refused before anything is done, whether or not this operation asks for it. */
function checkConditions({ request: { headers } }: Exchange): void {
  for (const name of conditions) {
    const header = headers[name.toLowerCase()] as string | undefined;
    if (header !== undefined) parseEntityTags(name, header);
  }
}

function idempotencyKey(plan: RoutePlan, header: string | string[] | undefined): string | undefined {
  if (header === undefined || plan.route.method === "GET" || plan.route.safe) return undefined;
  // Silently ignoring the key would let the caller believe in a protection that is not there.
  if (!plan.idempotent) throw kernelErrors.idempotency_key_invalid();
  checkIdempotencyKey(String(header));
  return String(header);
}

async function jsonBytes(
  parts: PipelineParts,
  plan: RoutePlan,
  exchange: Exchange,
  client: Client,
): Promise<Buffer | undefined> {
  const { request } = exchange;
  if (!hasBody(request)) {
    if (plan.bodyRequired) throw kernelErrors.body_required();
    return undefined;
  }
  if (plan.bodyKind === "json") checkContentType(request, plan.mediaTypes);
  const limits = { maxBytes: plan.bodyLimitBytes, timeoutMs: parts.settings.bodyTimeoutMs };
  const bytes = await parts.shedding.aside("receiving", client, () => readBody(request, limits));
  if (!client.isAdmin) parts.shedding.confirm();
  if (plan.bodyKind === "none") return refuseContent(bytes);
  if (bytes.length === 0) throw kernelErrors.body_required();
  return bytes;
}

/** Many clients send `{}` with every call; anything more would be ignored silently, so it is refused. */
function refuseContent(bytes: Buffer): undefined {
  const text = bytes.length <= 16 ? bytes.toString("latin1").replaceAll(/\s/g, "") : "more";
  if (text === "" || text === "{}") return undefined;
  const issue = { path: "", code: "unknown", message: "This operation takes no body." };
  throw kernelErrors.input_invalid({ issues: [issue] });
}
