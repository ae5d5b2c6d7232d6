// Turns query parameters, or the body of records:query, into a RecordQuery. Names are looked up later, with the schema.
import { type Issue, moved, Problem } from "../kernel/errors/index.ts";
import { jsonDepthMax, parseJsonBody } from "../kernel/http/json-body.ts";
import { type Expansion, type Expansions, queryLimits, type RecordQuery, type SortKey } from "./query-types.ts";
import { errors } from "./record-errors.ts";
import type { JsonValue } from "./types.ts";

const name = /^[a-z][A-Za-z0-9]{0,62}$/;
const safePath = /^[a-z][A-Za-z0-9]{0,62}(\.[a-z][A-Za-z0-9]{0,62}){0,3}$/;

export interface FlatQuery {
  readonly filter?: string | undefined;
  readonly params?: string | undefined;
  readonly sort?: string | undefined;
  readonly fields?: string | undefined;
  readonly expand?: string | undefined;
  readonly limit?: string | undefined;
  readonly cursor?: string | undefined;
  readonly count?: string | undefined;
}

export function parseFlatQuery(flat: FlatQuery): RecordQuery {
  const query: { -readonly [key in keyof RecordQuery]: RecordQuery[key] } = {};
  if (flat.filter !== undefined && flat.filter !== "") query.filter = bounded(flat.filter, "query.filter");
  if (flat.params !== undefined) query.params = parseParams(flat.params);
  if (flat.sort !== undefined && flat.sort !== "") query.sort = parseSort(flat.sort, "query.sort");
  if (flat.fields !== undefined && flat.fields !== "")
    query.fields = parseFields(flat.fields.split(","), "query.fields");
  if (flat.expand !== undefined && flat.expand !== "") query.expand = parseExpand(flat.expand);
  if (flat.limit !== undefined) query.limit = parseLimit(flat.limit, "query.limit");
  if (flat.cursor !== undefined) query.cursor = flat.cursor;
  if (flat.count !== undefined) query.count = parseCount(flat.count, "query.count");
  return query;
}

/** Body of `records:query`: the same words as JSON; its shape has been checked by the route's schema. */
export interface QueryBody {
  readonly filter?: string | object | undefined;
  readonly params?: { readonly [name: string]: JsonValue } | undefined;
  readonly sort?: string | readonly string[] | undefined;
  readonly fields?: string | readonly string[] | undefined;
  readonly expand?: string | ExpandBody | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly count?: "exact" | undefined;
}

export type ExpandBody = {
  readonly [relation: string]:
    | true
    | {
        readonly limit?: number | undefined;
        readonly sort?: string | readonly string[] | undefined;
        readonly expand?: ExpandBody | undefined;
      };
};

export function parseQueryBody(body: QueryBody): RecordQuery {
  const query: { -readonly [key in keyof RecordQuery]: RecordQuery[key] } = {};
  if (body.filter !== undefined) {
    query.filter = typeof body.filter === "string" ? bounded(body.filter, "/filter") : body.filter;
  }
  if (body.params !== undefined) query.params = body.params;
  if (body.sort !== undefined) query.sort = parseSort(body.sort, "/sort");
  if (body.fields !== undefined) query.fields = parseFields(listOf(body.fields), "/fields");
  if (body.expand !== undefined) {
    query.expand = typeof body.expand === "string" ? parseExpand(body.expand) : expandBody(body.expand, 1, "/expand");
  }
  if (body.limit !== undefined) query.limit = inRange(body.limit, "/limit", queryLimits.pageMax);
  if (body.cursor !== undefined) query.cursor = body.cursor;
  if (body.count !== undefined) query.count = parseCount(body.count, "/count");
  return query;
}

export function invalid(path: string, message: string, code = "invalid"): Error {
  return errors.query_invalid({ issues: [{ path, code, message }] satisfies Issue[] });
}

/** The parameters of a query that came in a body are members of it: `query.sort` is `/sort`. */
export function placedInBody(thrown: unknown): unknown {
  if (!(thrown instanceof Problem) || thrown.code !== "query_invalid") return thrown;
  return moved(thrown, (path) => path.replace(/^query\./, "/"));
}

/** A JSON document of its own, held to what every body is held to. */
function parseParams(text: string): { readonly [name: string]: JsonValue } {
  const value = jsonIn(bounded(text, "query.params"));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw noParams();
  return value as { readonly [name: string]: JsonValue };
}

function jsonIn(text: string): unknown {
  try {
    return parseJsonBody(Buffer.from(text));
  } catch (error) {
    if (error instanceof Problem && error.issues.length > 0) throw moved(error, (path) => `query.params${path}`);
    throw noParams();
  }
}

const noParams = () => invalid("query.params", `params must be a JSON object of at most ${jsonDepthMax} levels`);

export function parseSort(given: string | readonly string[], path: string): SortKey[] {
  const keys: SortKey[] = listOf(given).map((part) => {
    const descending = part.startsWith("-");
    const field = descending ? part.slice(1) : part;
    if (!name.test(field)) throw invalid(path, `cannot sort by "${part.slice(0, 80)}"`);
    return { field, descending };
  });
  if (keys.length > queryLimits.sortKeys) throw invalid(path, `at most ${queryLimits.sortKeys} sort keys`, "too_many");
  if (new Set(keys.map((key) => key.field)).size < keys.length) throw invalid(path, "a sort key is named twice");
  return keys;
}

function parseFields(parts: readonly string[], path: string): string[] {
  if (parts.length > queryLimits.fields) throw invalid(path, `at most ${queryLimits.fields} fields`, "too_many");
  for (const part of parts) if (!safePath.test(part)) throw invalid(path, `unknown field "${part.slice(0, 80)}"`);
  return [...new Set(parts)];
}

function parseLimit(text: string, path: string): number {
  if (!/^\d{1,4}$/.test(text)) throw invalid(path, `limit is a number from 1 to ${queryLimits.pageMax}`);
  return inRange(Number(text), path, queryLimits.pageMax);
}

function parseCount(text: string, path: string): true {
  if (text !== "exact") throw invalid(path, 'count can only be "exact"');
  return true;
}

/** `author,posts(limit:3,sort:-createdAt),posts.comments(limit:2)`. */
export function parseExpand(text: string): Expansions {
  bounded(text, "query.expand");
  const root = emptyTree();
  let at = 0;
  let total = 0;
  const fail = () => invalid("query.expand", `not understood at position ${at}`);
  const word = () => {
    const match = /^[a-z][A-Za-z0-9]{0,62}/.exec(text.slice(at, at + 64));
    if (!match) throw fail();
    at += match[0].length;
    return match[0];
  };
  while (true) {
    let level = root;
    for (let depth = 1; ; depth++) {
      if (depth > queryLimits.expandDepth) throw tooDeep("query.expand");
      const relation = word();
      level[relation] ??= {};
      if (++total > queryLimits.expansions * queryLimits.expandDepth) throw tooMany("query.expand");
      const node = level[relation] as MutableExpansion;
      if (text[at] === "(") at = parseOptions(text, at, node);
      if (text[at] !== ".") break;
      at++;
      node.expand ??= emptyTree();
      level = node.expand;
    }
    if (at === text.length) break;
    if (text[at] !== ",") throw fail();
    at++;
  }
  boundedTree(root, "query.expand");
  return root;
}

interface MutableExpansion {
  limit?: number;
  sort?: readonly SortKey[];
  expand?: MutableExpansions;
}
type MutableExpansions = { [relation: string]: MutableExpansion };

/** Without a prototype: a relation may be called `constructor`. */
const emptyTree = (): MutableExpansions => Object.create(null) as MutableExpansions;

/** From the opening parenthesis to behind the closing one. */
function parseOptions(text: string, open: number, node: MutableExpansion): number {
  const close = text.indexOf(")", open);
  if (close < 0) throw invalid("query.expand", `no closing parenthesis for position ${open}`);
  const sort: string[] = [];
  let key = "";
  for (const part of text.slice(open + 1, close).split(",")) {
    const colon = part.indexOf(":");
    if (colon >= 0) key = part.slice(0, colon).trim();
    const value = part.slice(colon + 1).trim();
    if (key === "limit" && colon >= 0 && /^\d{1,4}$/.test(value)) {
      node.limit = inRange(Number(value), "query.expand", queryLimits.expandMax);
    } else if (key === "sort") sort.push(value);
    else throw invalid("query.expand", "options are limit:<number> and sort:<field>");
  }
  if (sort.length > 0) node.sort = parseSort(sort, "query.expand");
  return close + 1;
}

function expandBody(body: ExpandBody, depth: number, path: string): Expansions {
  if (depth > queryLimits.expandDepth) throw tooDeep(path);
  const tree = emptyTree();
  for (const [relation, options] of Object.entries(body)) {
    const here = `${path}/${relation.slice(0, 64)}`;
    if (!name.test(relation)) throw invalid(here, "no such relation");
    const node: MutableExpansion = {};
    tree[relation] = node;
    if (options === true) continue;
    if (options.limit !== undefined) node.limit = inRange(options.limit, `${here}/limit`, queryLimits.expandMax);
    if (options.sort !== undefined) node.sort = parseSort(options.sort, `${here}/sort`);
    if (options.expand !== undefined) node.expand = expandBody(options.expand, depth + 1, here) as MutableExpansions;
  }
  if (depth === 1) boundedTree(tree, path);
  return tree;
}

function boundedTree(tree: Expansions, path: string): void {
  const count = (node: Expansion): number => 1 + Object.values(node.expand ?? {}).reduce((sum, n) => sum + count(n), 0);
  if (count({ expand: tree }) - 1 > queryLimits.expansions) throw tooMany(path);
}

const tooDeep = (path: string) => invalid(path, `expand goes at most ${queryLimits.expandDepth} deep`, "too_deep");
const tooMany = (path: string) => invalid(path, `expand takes at most ${queryLimits.expansions} relations`, "too_many");

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? value.split(",") : value;
}

function inRange(value: number, path: string, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) throw invalid(path, `limit is a number from 1 to ${max}`);
  return value;
}

function bounded(text: string, path: string): string {
  if (text.length > queryLimits.textMax) {
    throw invalid(path, `longer than ${queryLimits.textMax} characters`, "too_long");
  }
  return text;
}
