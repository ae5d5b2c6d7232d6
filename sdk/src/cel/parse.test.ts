import { describe, expect, it } from "vitest";
import { CelError } from "./error.ts";
import { clausesOf, parse } from "./parse.ts";
import { fromWire, toWire } from "./tree.ts";

const wire = (text: string) => {
  const { op, args } = toWire(parse(text));
  return { op, args };
};
const refusal = (text: string): CelError => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof CelError) return error;
  }
  throw new Error(`${text} was accepted`);
};

describe("parse", () => {
  it("flattens chains of one operator, whatever the brackets", () => {
    expect(wire("a && (b && c) && d").args.length).toBe(4);
    expect(wire("a || b && c || d").args.length).toBe(3);
    expect(wire("a == b == c").args.length).toBe(2);
  });

  it("reads $names outside of texts and comments only, and keeps positions", () => {
    expect(wire("$a").op).toBe("param");
    expect(wire("a == '$b'").args[1]).toEqual({ op: "value", args: ["$b"] });
    expect(wire(`a == "it's $b" // $c "`).args[1]).toEqual({ op: "value", args: ["it's $b"] });
    expect(wire("a == '''x'$b'''").args[1]).toEqual({ op: "value", args: ["x'$b"] });
    expect(wire(`a == r'\\$b' && c == $d`).args[1]).toEqual({
      op: "==",
      args: [
        { op: "name", args: ["c"] },
        { op: "param", args: ["d"] },
      ],
    });
    expect(wire(`a == '\\'$b' && c == $d`).args[1]).toEqual({
      op: "==",
      args: [
        { op: "name", args: ["c"] },
        { op: "param", args: ["d"] },
      ],
    });
    const right = parse("'$$$' == $longName").args[1];
    expect(right).toMatchObject({ op: "param", args: ["longName"], pos: 9 });
  });

  it("refuses names that could pass for parameters", () => {
    for (const text of [
      "_a == 1",
      "$ == 1",
      "$1 == 1",
      "$_a == 1",
      "a._b == 1",
      "a$b == 1",
      "a.$b == 1",
      "$f(1)",
      "a.$f()",
      "a.exists($v, true)",
      "$a$b == 1",
    ])
      expect(refusal(text).code, text).toBe("expression_syntax");
  });

  it("says where the error stands", () => {
    const error = refusal("a == 1 &&\n  b == ");
    expect([error.code, error.line, error.column]).toEqual(["expression_syntax", 2, 8]);
    expect(refusal("a == 'x").message).toContain("Unterminated");
    expect(refusal("").code).toBe("expression_syntax");
    expect(refusal("a == 1u").code).toBe("expression_unsupported");
    expect(refusal("a == b'x'").code).toBe("expression_unsupported");
  });

  it("makes a negative number one literal", () => {
    expect(wire("a == -9007199254740991").args[1]).toEqual({ op: "value", args: [-9007199254740991] });
    expect(wire("a == -0").args[1]).toEqual({ op: "value", args: [0] });
    expect(wire("a == -1.5").args[1]).toEqual({ op: "double", args: [-1.5] });
  });

  it("counts depth and clauses at their bounds", () => {
    expect(parse(Array(200).fill("a").join("||")).args.length).toBe(200);
    expect(refusal(Array(201).fill("a").join("||")).code).toBe("expression_too_many_clauses");
    expect(parse(`${"!".repeat(31)}a`).op).toBe("!");
    expect(refusal(`${"!".repeat(32)}a`).code).toBe("expression_too_deep");
    expect(refusal(`a == '${"x".repeat(10_000)}'`).message).toContain("10000");
  });

  it("names the clauses of a rule by their text", () => {
    expect(clausesOf("a == 1 && (b == 2 || c) && d.exists(x, x && y)")).toEqual([
      "a == 1",
      "b == 2 || c",
      "d.exists(x, x && y)",
    ]);
    expect(clausesOf("a || b")).toEqual(["a || b"]);
    expect(clausesOf("(a + b).startsWith('x') && c")).toEqual(["(a + b).startsWith('x') && c"]);
  });

  it("points into a tree that is wrong", () => {
    const tree = {
      op: "&&",
      args: [
        { op: "value", args: [true] },
        {
          op: "==",
          args: [
            { op: "nope", args: [] },
            { op: "value", args: [1] },
          ],
        },
      ],
    };
    expect(() => fromWire(tree)).toThrow(
      expect.objectContaining({ code: "expression_tree", path: "/args/1/args/0/op" }),
    );
    for (const bad of [
      null,
      1,
      "a",
      [],
      {},
      { op: "value" },
      { op: "value", args: [{}] },
      { op: "!", args: [] },
      { op: "name", args: ["a b"] },
      { op: "value", args: [1], x: 1 },
      { v: 2, op: "value", args: [1] },
    ]) {
      expect(() => fromWire(bad), JSON.stringify(bad)).toThrow(expect.objectContaining({ code: "expression_tree" }));
    }
  });
});
