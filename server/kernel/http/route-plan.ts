// What a Route comes to once its defaults are applied: computed at start, read on every request.
import type { CachePolicy } from "./answer.ts";
import { noQuery, type QueryTexts } from "./query-text.ts";
import type { Route } from "./route.ts";
import type { HttpSettings } from "./settings.ts";
import { unknownParameters, validate } from "./validate.ts";

export interface RoutePlan {
  readonly route: Route;
  readonly cache: CachePolicy;
  /** The answer carries a secret: declared `no-store`. */
  readonly secret: boolean;
  readonly idempotent: boolean;
  readonly bodyKind: "none" | "json" | "stream";
  readonly bodyRequired: boolean;
  readonly mediaTypes: readonly string[];
  readonly bodyLimitBytes: number;
  readonly cors: boolean;
  readonly query: (texts: QueryTexts) => unknown;
}

export function planRoute(route: Route, settings: HttpSettings): RoutePlan {
  const isUnsafe = route.method !== "GET" && !route.safe;
  const bodyKind = route.bodyKind ?? (route.body ? "json" : "none");
  const defaultTypes =
    bodyKind === "stream"
      ? ["application/x-ndjson"]
      : ["application/json", ...(route.method === "PATCH" ? ["application/merge-patch+json"] : [])];
  const idempotent = route.idempotent ?? (isUnsafe && bodyKind !== "stream");
  if (idempotent && bodyKind === "stream") throw new Error(`${route.name}: a streamed body has no idempotency key`);
  return {
    route,
    cache: route.cache ?? (isUnsafe ? "no-store" : "private"),
    secret: route.cache === "no-store",
    idempotent,
    bodyKind,
    bodyRequired: bodyKind === "json" && !route.body?.safeParse(undefined).success,
    mediaTypes: route.mediaTypes ?? defaultTypes,
    bodyLimitBytes: route.bodyLimitBytes ?? settings.bodyLimitBytes * (route.bodyLimitTimes ?? 1),
    cors: route.path.startsWith("/v1/") && !route.sameOrigin,
    query: queryParser(route),
  };
}

function queryParser(route: Route): RoutePlan["query"] {
  if (route.parseQuery) return route.parseQuery;
  const { query } = route;
  if (!query) return refuseAll;
  // Most calls have no query; what the schema makes of that never changes.
  const empty = query.safeParse(noQuery);
  const defaults = empty.success ? Object.freeze(empty.data) : undefined;
  return (texts) => (texts === noQuery && defaults !== undefined ? defaults : validate(query, texts, "query"));
}

const refuseAll = (texts: QueryTexts): object => {
  const names = Object.keys(texts);
  if (names.length === 0) return texts;
  throw unknownParameters(names);
};
