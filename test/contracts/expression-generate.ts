// Well-typed expressions from a stream of numbers: every construct, negated and nested. A shorter or smaller stream makes a
// smaller expression, which is how fast-check shrinks a failure.
import type { Arg, Expr, Kind, Op } from "@landfall/client/cel";
import { pools, rowTypes } from "./expression-world.ts";

const e = (op: Op, ...args: Arg[]): Expr => ({ op, args, pos: 0 });
const call = (name: string, ...args: Expr[]): Expr => e("call", name, ...args);
const name = (text: string): Expr => e("name", text);
const dot = (object: Expr, key: string): Expr => e(".", object, key);

type Make = "bool" | "int" | "double" | "string" | "timestamp" | "duration" | "json" | "geo" | "decimal" | "relation";
interface Root {
  readonly of: (field: string) => Expr;
  readonly collection: string;
}

export interface GenerateOptions {
  readonly relational: boolean;
  readonly params: { readonly [name: string]: unknown };
}

export const params = {
  s: "a",
  i: 1,
  d: 0.5,
  b: true,
  list: ["a", "ab", "u1"],
  none: null,
  ints: [1, 2],
  empty: [],
  map: { a: [1, "a", null] },
  mixed: [1, "a", null, { a: 1 }, ["a"]],
} as const;

/** A JSON value as a literal; a whole number sometimes as a double, the keys of a map in one order or the other. */
function literalOf(value: unknown, turned: boolean): Expr {
  if (Array.isArray(value)) return e("list", ...value.map((item) => literalOf(item, turned)));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (turned) entries.reverse();
    return e("map", ...entries.flatMap(([key, item]): Arg[] => [key, literalOf(item, turned)]));
  }
  return typeof value === "number" && turned ? e("double", value) : e("value", value as Arg);
}

export function generate(stream: readonly number[], options: GenerateOptions): Expr {
  return new Generator(stream, options).bool(3 + (stream.length % 2));
}

class Generator {
  readonly #stream: readonly number[];
  readonly #options: GenerateOptions;
  #at = 0;
  #vars = 0;
  #roots: Root[];
  #items: { readonly expr: Expr; readonly kind: Make }[] = [];

  constructor(stream: readonly number[], options: GenerateOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#roots = [{ of: name, collection: "posts" }];
    this.#roots.push({ of: (field) => dot(name("before"), field), collection: "posts" });
  }

  #draw(n: number): number {
    const value = this.#stream[this.#at] ?? 0;
    this.#at += 1;
    return value % n;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#draw(list.length)] as T;
  }

  bool(depth: number): Expr {
    if (depth <= 0) return this.#leafBool();
    const next = () => this.bool(depth - 1);
    switch (this.#draw(this.#options.relational ? 17 : 14)) {
      case 0:
        return e("&&", next(), next());
      case 1:
        return e("||", next(), next(), next());
      case 2:
      case 3:
        return e("!", next());
      case 4:
        return e("?:", next(), next(), next());
      case 5:
        return e(this.#pick(["==", "!="]), next(), next());
      case 6:
      case 7:
        return this.#equality(depth);
      case 8:
      case 9:
        return this.#order(depth);
      case 10:
        return this.#membership(depth);
      case 11:
        return this.#textTest(depth);
      case 12:
        return this.#listQuantifier(depth);
      case 13:
        return this.#jsonTest(depth);
      case 14:
        return this.#rowQuantifier(depth, "inverse");
      case 15:
        return this.#rowQuantifier(depth, "collection");
      default:
        return this.#rowQuantifier(depth, "many");
    }
  }

  #leafBool(): Expr {
    return this.#draw(3) === 0 ? e("value", this.#pick(pools.bool)) : this.value("bool", 0);
  }

  #equality(depth: number): Expr {
    if (this.#draw(8) === 0) return this.#near(depth);
    const kind = this.#pick<Make>([
      "string",
      "int",
      "double",
      "decimal",
      "timestamp",
      "json",
      "geo",
      "relation",
      "duration",
      "bool",
    ]);
    const left = this.value(kind, depth - 1);
    const op = this.#pick<Op>(["==", "!="]);
    const choice = this.#draw(4);
    if (kind === "json" && this.#draw(2) === 0) {
      const built = this.#built(depth - 1);
      return this.#draw(4) === 0 ? e(op, built, left) : e(op, left, built);
    }
    if (choice === 0) return e(op, left, this.#draw(2) === 0 ? e("value", null) : e("param", "none"));
    if (choice === 1 && kind === "json")
      return e(op, left, this.value(this.#pick<Make>(["string", "int", "double", "bool"]), depth - 1));
    if (choice === 1 && kind === "double") return e(op, left, this.value("int", depth - 1));
    if (choice === 1 && kind === "relation") return e(op, left, dot(name("auth"), "id"));
    return e(op, left, this.value(kind, depth - 1));
  }

  /** JSON that the expression makes itself: a literal, a parameter, a list field, or put together from other values. */
  #built(depth: number): Expr {
    const root = this.#root("posts");
    switch (this.#draw(5)) {
      case 0:
      case 1:
        return literalOf(this.#pick(pools.json.filter((value) => typeof value === "object")), this.#draw(2) === 0);
      case 2:
        return this.#pick(["map", "mixed", "list", "ints", "empty"].map((each) => e("param", each)));
      case 3:
        if (root) return root.of(this.#pick(["tags", "nums", "ratios", "days", "blobs", "editors"]));
        return dot(name("auth"), "roles");
      default:
        return this.#draw(2) === 0
          ? this.#builtList(depth)
          : e("map", "a", this.#part(depth), ...(this.#draw(2) === 0 ? [] : ["k'\"", this.#part(depth)]));
    }
  }

  #builtList(depth: number): Expr {
    if (this.#draw(3) === 0) {
      const scalars = pools.json.filter((value): value is "a" => typeof value !== "object");
      return e("list", ...Array.from({ length: this.#draw(3) }, () => e("value", this.#pick(scalars))));
    }
    return e("list", ...Array.from({ length: this.#draw(4) }, () => this.#part(depth)), e("value", null));
  }

  #part(depth: number): Expr {
    const choice = this.#draw(4);
    if (choice === 0) return depth > 0 ? this.#built(depth - 1) : e("value", null);
    if (choice === 1) return dot(this.value("json", 0), this.#pick(["a", "b"])); // an error as often as not
    return this.value(this.#pick<Make>(["string", "int", "double", "bool", "json", "relation"]), depth - 1);
  }

  /** No two places of the pool are this far apart within the tolerance of distance(). */
  #near(depth: number): Expr {
    const limit = e("double", this.#pick([0.5, 600_000, 6_000_000, 12_000_000]));
    const distance = call("distance", this.value("geo", depth > 1 ? 0 : depth), this.value("geo", 0));
    return e(this.#pick<Op>(["<", ">="]), distance, limit);
  }

  #order(depth: number): Expr {
    const kind = this.#pick<Make>(["string", "int", "double", "decimal", "timestamp", "duration", "json"]);
    const op = this.#pick<Op>(["<", "<=", ">", ">="]);
    const other = kind === "json" ? this.#pick<Make>(["string", "double", "int"]) : kind;
    return e(op, this.value(kind, depth - 1), this.value(other, depth - 1));
  }

  #membership(depth: number): Expr {
    const kind = this.#draw(this.#options.relational ? 18 : 14);
    if (kind >= 14) return this.#inFollowed(depth);
    const root = this.#root("posts");
    if (kind === 11) return e("in", this.value("json", depth - 1), this.#builtList(depth - 1));
    if (kind === 12) return e("in", this.#built(depth - 1), this.value("json", depth - 1));
    if (kind === 13) return e("in", this.#built(depth - 1), root ? root.of("blobs") : e("param", "mixed"));
    if (kind === 8 && root) return e("in", this.value("decimal", depth - 1), root.of("prices"));
    if (kind === 9 && root) return e("in", this.value("timestamp", depth - 1), root.of("times"));
    if (kind === 10 && root)
      return e("in", this.value(this.#pick<Make>(["json", "string", "int"]), depth - 1), root.of("blobs"));
    if (kind === 0)
      return e("in", this.value("string", depth - 1), root ? root.of("tags") : dot(name("auth"), "roles"));
    if (kind === 1) return e("in", this.value("int", depth - 1), root ? root.of("nums") : e("param", "ints"));
    if (kind === 2) return e("in", this.value("double", depth - 1), root ? root.of("ratios") : e("param", "ints"));
    if (kind === 3)
      return e("in", this.value(this.#pick<Make>(["string", "int", "json"]), depth - 1), this.value("json", 0));
    if (kind === 4)
      return e("in", this.value("string", depth - 1), this.#pick([e("param", "list"), e("param", "empty"), e("list")]));
    if (kind === 5)
      return e(
        "in",
        this.value("string", depth - 1),
        e("list", this.value("string", depth - 1), this.value("string", 0)),
      );
    if (kind === 6 && root)
      return e("in", this.#draw(2) ? this.value("relation", 0) : dot(name("auth"), "id"), root.of("editors"));
    return e("in", this.value("decimal", depth - 1), e("list", e("value", 1), e("double", 1.5)));
  }

  /** In a list of another record: `auth.id in author.friends`, `title in owner.boss.langs`. */
  #inFollowed(depth: number): Expr {
    const relations = this.#fieldsOf(this.#pick(this.#roots), "relation");
    const item = this.#items.filter((each) => each.kind === "relation").map(({ expr }) => expr);
    const hop = this.#pick([...relations, ...item]);
    const of = this.#draw(3) === 0 ? dot(hop, "boss") : hop;
    switch (this.#draw(5)) {
      case 0:
        return e("in", dot(name("auth"), "id"), dot(of, "friends"));
      case 1:
        return e("in", this.value("relation", depth - 1), dot(of, "friends"));
      case 2:
        return e("in", this.value("string", depth - 1), dot(of, "langs"));
      case 3:
        return e("in", this.value("int", depth - 1), dot(of, "marks"));
      default:
        return e("in", this.#draw(2) === 0 ? this.value("json", depth - 1) : this.#built(depth - 1), dot(of, "notes"));
    }
  }

  #textTest(depth: number): Expr {
    const text = this.value("string", depth - 1);
    const fn = this.#draw(4);
    if (fn === 3)
      return call(
        "matches",
        text,
        e(
          "value",
          this.#pick([
            "^a",
            "[a-z]+$",
            "b|^$",
            "^.$",
            "(ab?){2,3}",
            "\\$[0-9]",
            "[^a-zA-Z]{1,2}$",
            "[\u{10000}-\u{10ffff}]",
            "^(a|aa)*$",
            "['\"\\\\]",
          ]),
        ),
      );
    return call(this.#pick(["startsWith", "endsWith", "contains"]), text, this.value("string", depth - 1));
  }

  #jsonTest(depth: number): Expr {
    const choice = this.#draw(3);
    const json = this.value("json", depth - 1);
    if (choice === 0)
      return e("==", call("type", json), name(this.#pick(["string", "double", "bool", "list", "map", "null_type"])));
    if (choice === 1) return call("has", dot(this.value("json", 0), this.#pick(["a", "b"])));
    const root = this.#roots[0] as Root;
    const fields = [...(rowTypes.get(root.collection)?.fields.keys() ?? [])];
    return call("has", root.of(this.#pick(fields)));
  }

  #listQuantifier(depth: number): Expr {
    const root = this.#root("posts");
    const ranges: (readonly [Expr, Make])[] = [
      [dot(name("auth"), "roles"), "string"],
      [this.value("json", 0), "json"],
    ];
    if (root)
      ranges.push(
        [root.of("tags"), "string"],
        [root.of("nums"), "int"],
        [root.of("ratios"), "double"],
        [root.of("days"), "string"],
        [root.of("blobs"), "json"],
        [root.of("prices"), "decimal"],
        [root.of("times"), "timestamp"],
      );
    const [range, kind] = this.#pick(ranges);
    return this.#quantifier(depth, range, (variable) => {
      this.#items.push({ expr: variable, kind });
      return () => this.#items.pop();
    });
  }

  #rowQuantifier(depth: number, kind: "inverse" | "collection" | "many"): Expr {
    const collection = this.#pick(["users", "posts"]);
    if (kind === "many") {
      const root = this.#roots.at(-1) as Root;
      const range = root.of(root.collection === "posts" ? "editors" : "friends");
      return this.#quantifier(depth, range, (variable) => {
        this.#items.push({ expr: variable, kind: "relation" });
        return () => this.#items.pop();
      });
    }
    const users = this.#root("users");
    const inverse = this.#pick(["posts", "edited", "staff"]);
    const owner = users
      ? users.of(inverse)
      : dot((this.#root("posts") as Root).of(this.#pick(["author", "owner"])), inverse);
    const range = kind === "collection" ? call("collection", e("value", collection)) : owner;
    const target = kind === "collection" ? collection : inverse === "staff" ? "users" : "posts";
    return this.#quantifier(depth, range, (variable) => {
      this.#roots.push({ of: (field) => dot(variable, field), collection: target });
      return () => this.#roots.pop();
    });
  }

  #quantifier(depth: number, range: Expr, enter: (variable: Expr) => () => void): Expr {
    this.#vars += 1;
    const variable = `v${this.#vars}`;
    const leave = enter(name(variable));
    const body = this.bool(depth - 1);
    leave();
    return e(this.#pick<Op>(["exists", "all"]), range, variable, body);
  }

  #root(collection: string): Root | undefined {
    const fit = this.#roots.filter((root) => root.collection === collection);
    return fit.length === 0 ? undefined : this.#pick(fit);
  }

  /** A value of a kind; with depth left it may be computed. */
  value(kind: Make, depth: number): Expr {
    if (depth > 0 && this.#draw(3) === 0) return this.#computed(kind, depth - 1);
    const item = this.#items.filter((each) => each.kind === kind);
    if (item.length > 0 && this.#draw(2) === 0) return this.#pick(item).expr;
    if (this.#draw(3) === 0) return this.#literal(kind);
    return this.#field(kind) ?? this.#literal(kind);
  }

  #field(kind: Make): Expr | undefined {
    const root = this.#pick(this.#roots);
    const direct = this.#fieldsOf(root, kind);
    if (this.#options.relational && this.#draw(3) === 0) {
      const relation = this.#pick(this.#fieldsOf(root, "relation"));
      const hop: Root = { of: (field) => dot(relation, field), collection: "users" };
      const twice =
        this.#draw(3) === 0 ? { of: (field: string) => dot(hop.of("boss"), field), collection: "users" } : hop;
      const found = this.#fieldsOf(twice, kind);
      if (found.length > 0) return this.#pick(found);
    }
    const items = this.#items.filter((each) => each.kind === "relation");
    const item = items.length > 0 && this.#draw(2) === 0 ? this.#pick(items).expr : undefined;
    if (item && this.#options.relational) {
      const found = this.#fieldsOf({ of: (field) => dot(item, field), collection: "users" }, kind);
      if (found.length > 0) return this.#pick(found);
    }
    return direct.length > 0 ? this.#pick(direct) : undefined;
  }

  #fieldsOf(root: Root, kind: Make): Expr[] {
    const fields = [...(rowTypes.get(root.collection)?.fields ?? [])];
    return fields.filter(([, spec]) => (spec.type.kind as Kind) === kind).map(([field]) => root.of(field));
  }

  #literal(kind: Make): Expr {
    switch (kind) {
      case "bool":
        return this.#draw(3) === 0
          ? e("param", "b")
          : this.#draw(2)
            ? dot(name("auth"), "signedIn")
            : e("value", this.#pick(pools.bool));
      case "int":
        return this.#draw(4) === 0 ? e("param", "i") : e("value", this.#pick(pools.int));
      case "double":
        return this.#draw(4) === 0 ? e("param", "d") : e("double", this.#pick(pools.double));
      case "string":
        return this.#draw(4) === 0
          ? this.#pick([e("param", "s"), dot(name("auth"), "id"), dot(name("request"), "door")])
          : e("value", this.#pick(pools.string));
      case "decimal":
        return (this.#roots.at(-1)?.collection === "posts" ? this.#field("decimal") : undefined) ?? name("price");
      case "timestamp":
        return this.#draw(4) === 0 ? name("now") : call("timestamp", e("value", this.#pick(pools.timestamp)));
      case "duration":
        return call("duration", e("value", this.#pick(pools.duration)));
      case "json":
        return this.#draw(4) === 0 ? dot(name("auth"), "claims") : name("data");
      case "geo":
        return this.#draw(2) ? name("spot") : call("geo", e("double", 52.5), e("double", 13.4));
      case "relation":
        return name(this.#pick(["author", "owner"]));
      default:
        return kind satisfies never;
    }
  }

  #computed(kind: Make, depth: number): Expr {
    const two = (of: Make = kind): [Expr, Expr] => [this.value(of, depth), this.value(of, depth)];
    const common = this.#draw(6);
    if (common === 0) return e("?:", this.bool(depth), ...two());
    if (common === 1) return call("orNull", ...two());
    switch (kind) {
      case "bool":
        return this.bool(depth);
      case "int":
        return this.#pick([
          () => e(this.#pick<Op>(["+", "-", "*", "/", "%"]), ...two()),
          () => e("neg", this.value("int", depth)),
          () => call("size", this.value("string", depth)),
          () =>
            call("size", (this.#root("posts") ?? (this.#roots[0] as Root)).of(this.#pick(["tags", "nums", "editors"]))),
          () => e("[]", name("nums"), this.value("int", depth)),
        ])();
      case "double":
        return this.#pick([
          () => e(this.#pick<Op>(["+", "-", "*", "/"]), ...two()),
          () => e(this.#pick<Op>(["+", "*"]), this.value("double", depth), this.value("int", depth)),
          () => e("neg", this.value("double", depth)),
          () => e("+", this.value("json", depth), this.value("double", depth)),
        ])();
      case "string":
        return this.#pick([
          () => e("+", ...two()),
          () => call(this.#pick(["lowerAscii", "upperAscii"]), this.value("string", depth)),
          () => e("[]", name("tags"), this.value("int", depth)),
        ])();
      case "timestamp":
        return this.#pick([
          () => e(this.#pick<Op>(["+", "-"]), this.value("timestamp", depth), this.value("duration", depth)),
          () => call("timestamp", this.value("string", depth)),
        ])();
      case "duration":
        return this.#pick([() => e("-", ...two("timestamp")), () => e(this.#pick<Op>(["+", "-"]), ...two())])();
      case "json":
        return this.#pick([
          () => dot(this.value("json", depth), this.#pick(["a", "b"])),
          () => e("[]", this.value("json", depth), e("value", "k'\"")),
          () => e("[]", this.value("json", depth), this.value("int", depth)),
          () => e("[]", name("blobs"), this.value("int", depth)),
        ])();
      case "geo":
        return call("geo", this.value("double", depth), this.value("double", depth));
      default:
        return this.value(kind, depth);
    }
  }
}
