// What a typed tree reads and how much work it is.
import { type Checked, type Node, THE_STORED_ROW } from "./node.ts";

/**
 * The nodes directly below one.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer", required: true }] });
 * const env: CheckEnv = { mode: "filter", row: posts, collections: () => undefined };
 * const { node } = check(parse("likes > 1 && likes < 9"), env);
 * console.log(childrenOf(node).length); // 2
 * ```
 */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.k) {
    case "and":
    case "or":
    case "call":
      return node.args;
    case "make":
      return node.parts;
    case "not":
    case "member":
    case "has":
      return [node.a];
    case "eq":
    case "less":
    case "orNull":
      return [node.a, node.b];
    case "in":
      return [node.a, node.list];
    case "cond":
      return [node.test, node.a, node.b];
    case "follow":
      return [node.id];
    case "links":
      return [node.owner];
    case "exists":
    case "all":
      return [...rangeNodes(node), node.body];
    default:
      return [];
  }
}

function rangeNodes(node: Node & { k: "exists" | "all" }): readonly Node[] {
  if (node.range.k === "list") return [node.range.list];
  return node.range.k === "inverse" ? [node.range.owner] : [];
}

const rangeWeight = { list: 3, inverse: 10, rows: 50 } as const;

/** A hop is 10; the body of exists and all counts as often as its range is long. Stops early, as nesting multiplies. */
export function weigh(node: Node): number {
  if (node.k === "exists" || node.k === "all") {
    const range = rangeNodes(node).reduce((sum, child) => sum + weigh(child), 0);
    return range + rangeWeight[node.range.k] * (1 + weigh(node.body));
  }
  const own = node.k === "follow" ? 10 : node.k === "links" && node.row === undefined ? 10 : node.k === "const" ? 0 : 1;
  return childrenOf(node).reduce((sum, child) => sum + weigh(child), own);
}

type Uses = Omit<Checked, "node" | "cost">;

export function usesOf(root: Node): Uses {
  const fields = new Map<string, { collection: string; field: string; hop: boolean }>();
  const collections = new Set<string>();
  const params = new Set<string>();
  const seen = { before: false, auth: false, request: false };
  const read = (collection: string, field: string, hop: boolean) => {
    fields.set(`${collection}.${field}.${hop}`, { collection, field, hop });
    if (hop) collections.add(collection);
  };
  const visit = (node: Node): void => {
    if (node.k === "field") {
      read(node.collection, node.field, node.row > THE_STORED_ROW);
      if (node.row === THE_STORED_ROW) seen.before = true;
    } else if (node.k === "follow") read(node.collection, node.field, true);
    else if (node.k === "links") {
      read(node.collection, node.field, node.row === undefined || node.row > THE_STORED_ROW);
    } else if (node.k === "param") params.add(node.name);
    else if (node.k === "auth") seen.auth = true;
    else if (node.k === "request") seen.request = true;
    else if (node.k === "exists" || node.k === "all") {
      if (node.range.k === "inverse") read(node.range.collection, node.range.field, true);
      if (node.range.k === "rows") collections.add(node.range.collection);
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return {
    class: collections.size > 0 ? "relational" : "rowLocal",
    namesBefore: seen.before,
    usesAuth: seen.auth,
    usesRequest: seen.request,
    fields: [...fields.values()],
    collections: [...collections],
    params: [...params],
  };
}
