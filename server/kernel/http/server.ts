// The HTTP server as a service: sockets, timeouts, what Node refuses before there is a request, and the graceful stop.
import { createServer, IncomingMessage, type Server, ServerResponse } from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { PooledDb } from "../db/pool.ts";
import type { Problem } from "../errors/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import type { Service } from "../lifecycle.ts";
import { type Metrics, observePool } from "../metrics.ts";
import { createAnswers } from "./answer.ts";
import { createApp } from "./app.ts";
import { clientAddress } from "./client-address.ts";
import { createCors } from "./cors.ts";
import { createEarlyRefusal } from "./early-refusal.ts";
import type { Exchange } from "./exchange.ts";
import type { ActorNamed } from "./explain.ts";
import { healthPages } from "./health.ts";
import { removeExpiredKeys } from "./idempotency.ts";
import { type ExtendOpenApi, openApiRoute } from "./openapi-route.ts";
import { type Authenticate, createPipeline } from "./pipeline.ts";
import type { ProtocolMount } from "./protocol-mount.ts";
import { createRateLimit } from "./rate-limit.ts";
import { answerClientError, refuseOn } from "./raw-errors.ts";
import { originForm } from "./request-target.ts";
import type { Route } from "./route.ts";
import type { HttpSettings } from "./settings.ts";
import { createShedding } from "./shedding.ts";
import type { StaticFile, StaticMount } from "./static-files.ts";
import { requestId, traceId } from "./trace.ts";
import { createTurns } from "./turns.ts";

/** Some milliseconds of refusals. */
const requestsPerTurn = 32;

export interface HttpOptions {
  readonly settings: HttpSettings;
  /** All routes of all rooms, those asked most often first. */
  readonly routes: readonly Route[];
  readonly db: PooledDb;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Metrics;
  /** Returns `anonymous` when there is no credential; throws a 401 Problem for a wrong one. */
  readonly authenticate: Authenticate;
  /** For `X-Landfall-Explain-As`. */
  readonly namedActor?: ActorNamed;
  /** Told after a commit that no room can see, that of an idempotency key's transaction. */
  readonly committed?: () => void;
  /** Whether this process can serve: database reached, migrations done. */
  readonly ready: () => boolean | Promise<boolean>;
  /** Live server processes on the same database; general limits are divided by it. */
  readonly instances?: () => number;
  readonly mounts?: readonly StaticMount[];
  /** Single built files. */
  readonly files?: readonly StaticFile[];
  readonly protocols?: readonly ProtocolMount[];
  /** Where `/` sends browsers, e.g. `/console/`. */
  readonly home?: string;
  readonly extendOpenApi?: ExtendOpenApi;
  /** How often expired idempotency keys are removed; 0: never. */
  readonly cleanupIntervalMs?: number;
}

export interface Http extends Service {
  readonly server: Server;
  /** After `run`: where it listens. */
  readonly address: AddressInfo;
  /** Every route that is served, for the route inventory. */
  readonly routes: readonly Route[];
}

export function createHttp(options: HttpOptions): Http {
  const { settings, clock, metrics } = options;
  let draining = false;
  const routes: Route[] = [...options.routes];
  routes.push(openApiRoute(() => routes, settings.publicUrl, options.extendOpenApi));

  const cors = createCors(settings.corsOrigins, settings.publicUrl);
  const answers = createAnswers({ publicUrl: settings.publicUrl, cors, closing: () => draining });
  const shedding = createShedding({ ...settings, clock, random: options.random });
  const finished = recordFinished(options);
  const limit = (name: string, perMinute: number) =>
    createRateLimit({ name, perMinute, instances: options.instances ?? (() => 1), clock });
  const pipeline = createPipeline({
    ...options,
    answers,
    cors,
    shedding,
    finished,
    credentialLimit: limit("credential", settings.ratePerCredential),
    addressLimit: limit("address", settings.ratePerAddress),
  });
  const health = healthPages({
    metrics,
    ready: options.ready,
    draining: () => draining,
    authenticate: (exchange) => options.authenticate(exchange.request.headers, exchange.ip, exchange),
  });
  const app = createApp({ settings, routes, mounts: options.mounts ?? [], files: options.files ?? [], protocols: options.protocols ?? [], home: options.home, health, pipeline, answers, cors, finished }); // biome-ignore format: parts

  const refusedEarly = createEarlyRefusal({ ...settings, shedding, cors, metrics, clock, closing: () => draining }); // biome-ignore format: parts
  const open = openExchange(options);
  // The parser hands on what stands behind a refused request before the answer has ended the connection.
  const ended = new WeakSet<Socket>();
  const turns = createTurns(requestsPerTurn);
  const server = createServer(serverOptions(settings, app), (request, response) => {
    if (ended.has(request.socket)) return;
    const exchange = open(request, response as ServerResponse);
    const refusal = refuse(exchange, settings);
    if (refusal) return refuseExchange(exchange, refusal);
    // Express keeps locals that are there already; a request-scoped value needs no other place.
    (response as { locals?: unknown }).locals = { exchange };
    turns(() => {
      if (!refusedEarly(exchange)) app(request as never, response as never);
    });
  });
  const refuseExchange = (exchange: Exchange, problem: Problem) => {
    if (exchange.closes) ended.add(exchange.request.socket);
    pipeline.fail(exchange, problem);
  };
  server.on("checkExpectation", (request, response: ServerResponse) => {
    if (ended.has(request.socket)) return;
    const exchange = open(request, response);
    // What it would have sent is not waited for.
    exchange.closes = true;
    refuseExchange(exchange, kernelErrors.expectation_failed());
  });
  configure(server, options);
  metrics.gauge("landfall_http_in_flight", "Requests being worked on.", () => shedding.inFlight);
  metrics.gauge("landfall_http_places", "Requests that may be worked on at once now.", () => shedding.places);
  metrics.counter("landfall_http_shed_total", "Requests refused because of load.", () => shedding.shed);
  observePool(metrics, options.db);

  let stopWatching = () => {};
  let cleanup: NodeJS.Timeout | undefined;
  return {
    name: "http",
    server,
    routes,
    get address() {
      return server.address() as AddressInfo;
    },
    async run() {
      await listen(server, settings);
      stopWatching = shedding.watch();
      const intervalMs = options.cleanupIntervalMs ?? 600_000;
      if (intervalMs > 0) cleanup = setInterval(() => void clean(options), intervalMs).unref();
    },
    async drain() {
      draining = true;
      await drain(server, settings);
    },
    async stop() {
      clearInterval(cleanup);
      stopWatching();
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Requests and responses are born with Express' prototypes, so that Express' setPrototypeOf changes nothing (SPEED). */
function serverOptions(settings: HttpSettings, app: ReturnType<typeof createApp>) {
  const born = <Base extends typeof IncomingMessage | typeof ServerResponse>(base: Base, prototype: object): Base => {
    function Born(this: object, ...args: unknown[]) {
      (base as unknown as (...args: unknown[]) => void).apply(this, args);
    }
    Born.prototype = prototype;
    return Born as unknown as Base;
  };
  return {
    IncomingMessage: born(IncomingMessage, app.request),
    ServerResponse: born(ServerResponse, app.response),
    maxHeaderSize: settings.headerLimitBytes,
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, settings.headersTimeoutMs),
    // Node would answer a missing Host with an empty 400; request-target.ts has it refused properly.
    requireHostHeader: false,
    // A request without a body is not a stream that has to end and close: a tenth of what a small answer costs.
    optimizeEmptyRequests: true,
    noDelay: true,
  };
}

function configure(server: Server, { settings, log, metrics }: HttpOptions): void {
  server.maxConnections = settings.connectionsMax;
  server.timeout = settings.socketIdleTimeoutMs;
  server.maxHeadersCount = 100;
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    answerClientError(error, socket, (problem) => {
      metrics.request("none", problem.status, 0);
      log.info({ status: problem.status, code: problem.code }, "request refused by the parser");
    });
  });
  const noTunnel = (request: IncomingMessage, socket: Duplex) =>
    refuseOn(socket, kernelErrors.method_not_allowed({ params: { method: request.method ?? "" } }));
  server.on("connect", noTunnel);
}

function openExchange({
  settings,
  clock,
}: HttpOptions): (request: IncomingMessage, response: ServerResponse) => Exchange {
  const address = clientAddress(settings.trustedProxies);
  return (request, response) => {
    const { headers } = request;
    const found = originForm(request);
    const url = found ?? "";
    if (url !== request.url) request.url = url;
    const mark = url.indexOf("?");
    return {
      request,
      response,
      requestId: requestId(headers["x-request-id"] as string | undefined),
      traceId: traceId(headers.traceparent as string | undefined),
      startedMs: clock.monotonicMs(),
      ip: address(request.socket.remoteAddress, headers["x-forwarded-for"] as string | undefined),
      path: mark < 0 ? url : url.slice(0, mark),
      queryText: mark < 0 ? "" : url.slice(mark + 1),
      route: "none",
      actor: "anonymous",
      mount: "api",
      cors: url.startsWith("/v1/"),
      closes: found === undefined,
      extra: [],
    };
  };
}

/** What no route needs to look at. */
function refuse({ request, closes }: Exchange, settings: HttpSettings): Problem | undefined {
  const url = request.url as string;
  if (closes) return kernelErrors.request_malformed();
  if (url.length > settings.urlLimitBytes)
    return kernelErrors.url_too_long({ params: { max: settings.urlLimitBytes } });
  return /^[\x21\x22\x24-\x7e]*$/.test(url) ? undefined : kernelErrors.request_malformed();
}

const overloadLineEveryMs = 5_000;

/** One observation per request, and one log line unless it was shed with many others. */
function recordFinished({ log, clock, metrics }: HttpOptions) {
  let overloadToldMs = Number.NEGATIVE_INFINITY;
  /** A log line for each refusal would make an overload worse; the metric counts them all. */
  const toldLately = (nowMs: number) => {
    if (nowMs - overloadToldMs < overloadLineEveryMs) return true;
    overloadToldMs = nowMs;
    return false;
  };
  return (exchange: Exchange, status: number, problem?: Problem): void => {
    const ms = clock.monotonicMs() - exchange.startedMs;
    metrics.request(exchange.route, status, ms);
    if (problem?.code === "overloaded" && toldLately(exchange.startedMs)) return;
    const line: Record<string, unknown> = {
      requestId: exchange.requestId,
      route: exchange.route,
      status,
      ms: Math.round(ms * 10) / 10,
      actor: exchange.actor,
      ip: exchange.ip,
    };
    if (exchange.traceId !== undefined) line.traceId = exchange.traceId;
    if (problem) line.code = problem.code;
    if (exchange.response.destroyed && !exchange.response.writableFinished) line.aborted = true;
    if ((status >= 500 || problem?.code === "internal") && problem?.cause !== undefined) line.err = problem.cause;
    if (status === 500) log.error(line, "request");
    else if (status > 500) log.warn(line, "request");
    else if (exchange.route.startsWith("/")) log.debug(line, "request");
    else log.info(line, "request");
  };
}

function listen(server: Server, { host, port }: HttpSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

// not ready, answers say `Connection: close` | grace | stop listening | grace | idle connections close, in-flight ends | cut
//
// Listening goes on during the first grace, so that a load balancer that has not asked /readyz yet loses nothing. The
// second is for connections made in the last moment, whose request is still on its way: closing those would lose it.
async function drain(server: Server, settings: HttpSettings): Promise<void> {
  if (!server.listening) return;
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(settings.drainGraceMs);
  // http.Server's own close would end idle connections at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  // Counted from the signal on, so that a long grace does not lengthen the whole.
  const leftMs = Math.max(settings.drainDeadlineMs - settings.drainGraceMs, 0);
  const cut = setTimeout(() => server.closeAllConnections(), leftMs);
  await Promise.race([closed, pause(settings.drainGraceMs)]);
  server.closeIdleConnections();
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  await closed;
  clearTimeout(cut);
  clearInterval(sweep);
}

async function clean({ db, log }: HttpOptions): Promise<void> {
  try {
    while ((await removeExpiredKeys(db, 1_000)) === 1_000);
  } catch (error) {
    log.warn({ err: error }, "removing expired keys failed; tried again later");
  }
}
