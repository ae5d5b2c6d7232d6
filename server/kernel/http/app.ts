// The Express app: which address leads where. Knows no socket; server.ts gives it one.
import express, { type Express, type Request, type Response } from "express";
import { kernelErrors } from "../errors/kernel.ts";
import type { Answers } from "./answer.ts";
import type { Cors } from "./cors.ts";
import { type Exchange, exchangeOf } from "./exchange.ts";
import type { healthPages } from "./health.ts";
import type { Pipeline } from "./pipeline.ts";
import type { ProtocolMount } from "./protocol-mount.ts";
import type { Reply, Route } from "./route.ts";
import { expressPath, groupByPath } from "./route-paths.ts";
import { planRoute, type RoutePlan } from "./route-plan.ts";
import type { HttpSettings } from "./settings.ts";
import { type StaticFile, type StaticMount, singleFile, staticFiles } from "./static-files.ts";

export interface AppParts {
  readonly settings: HttpSettings;
  readonly routes: readonly Route[];
  readonly mounts: readonly StaticMount[];
  readonly files: readonly StaticFile[];
  readonly protocols: readonly ProtocolMount[];
  /** Where `/` sends browsers. */
  readonly home: string | undefined;
  readonly health: ReturnType<typeof healthPages>;
  readonly pipeline: Pipeline;
  readonly answers: Answers;
  readonly cors: Cors;
  readonly finished: (exchange: Exchange, status: number) => void;
}

export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable("x-powered-by").disable("etag").enable("case sensitive routing").enable("strict routing");
  app.set("query parser", false);
  for (const [path, routes] of groupByPath(parts.routes)) addPath(app, parts, path, routes);
  for (const [path, page] of parts.health) addPage(app, parts, path, page);
  for (const protocol of parts.protocols) addProtocol(app, parts, protocol);
  for (const mount of parts.mounts) addMount(app, parts, mount);
  for (const file of parts.files) addFile(app, parts, file);
  if (parts.home !== undefined) {
    const location = parts.home;
    addPage(app, parts, "/", () => ({ status: 302, headers: { Location: location }, cacheControl: "no-store" }));
  }
  app.use((_request: Request, response: Response) => {
    const exchange = exchangeOf(response);
    exchange.cors = exchange.path.startsWith("/v1/");
    parts.pipeline.fail(exchange, kernelErrors.route_not_found());
  });
  app.use((thrown: unknown, _request: Request, response: Response, _next: () => void) => {
    parts.pipeline.fail(exchangeOf(response), thrown);
  });
  return app;
}

/** One Express layer per address, whatever its methods: 405 and preflights need to know them all. */
function addPath(app: Express, parts: AppParts, path: string, routes: readonly Route[]): void {
  const plans = new Map<string, RoutePlan>(routes.map((route) => [route.method, planRoute(route, parts.settings)]));
  const get = plans.get("GET");
  if (get) plans.set("HEAD", get);
  const allow = [...plans.keys(), "OPTIONS"].join(", ");
  const cors = [...plans.values()].some((plan) => plan.cors);
  app.all(expressPath(path), (request: Request, response: Response) => {
    const exchange = exchangeOf(response);
    const plan = plans.get(request.method);
    if (plan) return void parts.pipeline.serve(plan, exchange, request.params);
    exchange.cors = cors;
    if (request.method === "OPTIONS") return preflight(parts, exchange, allow, cors);
    exchange.extra.push("Allow", allow);
    parts.pipeline.fail(exchange, kernelErrors.method_not_allowed({ params: { method: request.method } }));
  });
}

function preflight(parts: AppParts, exchange: Exchange, allow: string, cors: boolean): void {
  exchange.route = "preflight";
  exchange.cors = false;
  const { origin } = exchange.request.headers;
  const headers = cors ? parts.cors.preflight(origin, allow) : null;
  // A refused preflight is a plain answer without CORS headers: the browser draws the conclusion.
  const pairs = [...parts.answers.common(exchange), "Allow", allow, "Vary", "Origin", ...(headers ?? [])];
  exchange.response.writeHead(204, pairs).end();
  parts.finished(exchange, 204);
}

function addPage(
  app: Express,
  parts: AppParts,
  path: string,
  page: (exchange: Exchange) => Promise<Reply> | Reply,
): void {
  app.all(path, async (request: Request, response: Response) => {
    const exchange = exchangeOf(response);
    exchange.route = path;
    if (!readable(parts, exchange, request)) return;
    try {
      await parts.answers.reply(exchange, await page(exchange), "no-store");
      parts.finished(exchange, response.statusCode);
    } catch (thrown) {
      parts.pipeline.fail(exchange, thrown);
    }
  });
}

function addMount(app: Express, parts: AppParts, mount: StaticMount): void {
  const serveFile = staticFiles(mount);
  app.use(mount.path, async (request: Request, response: Response) => {
    const exchange = exchangeOf(response);
    exchange.route = mount.path;
    exchange.mount = mount.policy;
    if (!readable(parts, exchange, request)) return;
    try {
      // Relative links in the page need the slash.
      if (exchange.path === mount.path) {
        const reply = { status: 308, headers: { Location: `${mount.path}/` } };
        await parts.answers.reply(exchange, reply, "no-store");
      } else
        await serveFile(
          response,
          decodeURIComponent(exchange.path.slice(mount.path.length)),
          parts.answers.common(exchange),
        );
      parts.finished(exchange, response.statusCode);
    } catch (thrown) {
      parts.pipeline.fail(exchange, thrown);
    }
  });
}

function addProtocol(app: Express, parts: AppParts, mount: ProtocolMount): void {
  for (const [path, name] of Object.entries(mount.paths))
    app.all(expressPath(path), (_request: Request, response: Response) => {
      const exchange = exchangeOf(response);
      exchange.route = name;
      return parts.pipeline.pass(mount, exchange);
    });
}

function addFile(app: Express, parts: AppParts, file: StaticFile): void {
  const serveFile = singleFile(file);
  app.all(file.path, async (request: Request, response: Response) => {
    const exchange = exchangeOf(response);
    exchange.route = file.path;
    if (!readable(parts, exchange, request)) return;
    try {
      await serveFile(response, parts.answers.common(exchange));
      parts.finished(exchange, response.statusCode);
    } catch (thrown) {
      parts.pipeline.fail(exchange, thrown);
    }
  });
}

function readable(parts: AppParts, exchange: Exchange, request: Request): boolean {
  if (request.method === "GET" || request.method === "HEAD") return true;
  exchange.extra.push("Allow", "GET, HEAD");
  parts.pipeline.fail(exchange, kernelErrors.method_not_allowed({ params: { method: request.method } }));
  return false;
}
