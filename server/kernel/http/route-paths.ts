// From OpenAPI paths to Express paths, and the order in which Express must try them.
import type { Route } from "./route.ts";

/** `/v1/x/{id}/records:query` becomes `/v1/x/:id/records\:query`: in Express 5 a bare colon starts a parameter. */
export function expressPath(path: string): string {
  return path
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith("{") ? `:${part.slice(1, -1)}` : part.replace(/[{}()[\]+?!*:\\]/g, "\\$&")))
    .join("");
}

/** Routes by path. Of two paths that match the same address, the one that says more comes first (`{id}:restore`, `{id}`). */
export function groupByPath(routes: readonly Route[]): readonly (readonly [string, readonly Route[]])[] {
  const groups = new Map<string, Route[]>();
  for (const route of routes) {
    const group = groups.get(route.path) ?? [];
    if (group.some(({ method }) => method === route.method))
      throw new Error(`${route.method} ${route.path} is declared twice`);
    groups.set(route.path, [...group, route]);
  }
  // The rooms' own order stays otherwise, so that hot routes can stand first.
  const ordered: [string, Route[]][] = [];
  for (const entry of groups) {
    const at = ordered.findIndex(([path]) => isVaguer(path, entry[0]));
    ordered.splice(at < 0 ? ordered.length : at, 0, entry);
  }
  return ordered;
}

function isVaguer(path: string, than: string): boolean {
  return path.split("/").length === than.split("/").length && vagueness(path) > vagueness(than);
}

/** Segments that are wholly a parameter weigh most, those with a literal part less, literals nothing. */
function vagueness(path: string): number {
  const weights: number[] = path
    .split("/")
    .map((segment) => (/^\{\w+\}$/.test(segment) ? 2 : segment.includes("{") ? 1 : 0));
  return weights.reduce((total, weight) => total * 3 + weight, 0);
}
