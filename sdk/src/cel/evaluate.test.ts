// What the vectors do not say: bounds of the evaluator's own making, and what a checked expression tells about itself.
import { describe, expect, it } from "vitest";
import { fault } from "./bindings.ts";
import { check } from "./check.ts";
import { evaluator } from "./evaluate.ts";
import { parse } from "./parse.ts";
import { type CheckEnv, listOf, type RowField, type RowType, relationTo, types } from "./types.ts";

const id = ["id", { type: types.string, nullable: false }] as const;
const teams: RowType = {
  collection: "teams",
  fields: new Map<string, RowField>([id, ["name", { type: types.string, nullable: true }]]),
  inverses: new Map([["tasks", { collection: "tasks", field: "team" }]]),
};
const tasks: RowType = {
  collection: "tasks",
  fields: new Map<string, RowField>([
    id,
    ["title", { type: types.string, nullable: true }],
    ["done", { type: types.bool, nullable: false }],
    ["team", { type: relationTo("teams"), nullable: true }],
    ["helpers", { type: listOf(relationTo("teams")), nullable: false }],
  ]),
  inverses: new Map(),
};
const collections = new Map([teams, tasks].map((row) => [row.collection, row]));
const env: CheckEnv = { mode: "rule", row: tasks, before: true, collections: (name) => collections.get(name) };
const auth = { signedIn: false, roles: [], teams: [], claims: {} };
const ask = (text: string, row: { [field: string]: unknown }, before?: { [field: string]: unknown }) =>
  evaluator(check(parse(text), env))({ row, auth, nowMs: 0, ...(before ? { before } : {}) });

describe("a checked expression", () => {
  it("is row-local while it reads only the row, the stored row and the actor", () => {
    const of = (text: string) => check(parse(text), env).class;
    expect(of("title == 'a' && before.done && auth.signedIn && 'x' in helpers && helpers.exists(h, h == team)")).toBe(
      "rowLocal",
    );
    for (const text of [
      "team.name == 'a'",
      "collection('teams').exists(t, t.id == team)",
      "helpers.exists(h, h.name == 'a')",
      "team.tasks.all(t, t.done)",
    ]) {
      expect(of(text), text).toBe("relational");
      expect(() => evaluator(check(parse(text), env)), text).toThrow("decided by Postgres");
    }
  });

  it("tells what it reads: fields per hop, collections, before, auth", () => {
    const checked = check(parse("before.done && team.name == 'a' && team.tasks.exists(t, t.title == auth.id)"), env);
    expect(checked).toMatchObject({
      namesBefore: true,
      usesAuth: true,
      usesRequest: false,
      collections: ["teams", "tasks"],
    });
    expect(
      checked.fields.map(({ collection, field, hop }) => `${hop ? "hop " : ""}${collection}.${field}`).sort(),
    ).toEqual(["hop tasks.team", "hop tasks.title", "hop teams.id", "hop teams.name", "tasks.done", "tasks.team"]);
  });
});

describe("the evaluator", () => {
  it("takes a field that is not in the row for an error, never for null", () => {
    expect(ask("title == null", {})).toBe(fault);
    expect(ask("title != 'a'", {})).toBe(fault);
    expect(ask("title == null", { title: null })).toBe(true);
    expect(ask("before.title == null", { title: null })).toBe(fault);
  });

  it("reads bare names from the new row and before from the stored one", () => {
    expect(ask("done && !before.done", { done: true }, { done: false })).toBe(true);
    expect(ask("done && !before.done", { done: true }, { done: true })).toBe(false);
  });

  it("keeps the elements of nested quantifiers apart", () => {
    expect(ask("helpers.all(a, helpers.exists(b, a == b && b != 'z'))", { helpers: ["x", "y"] })).toBe(true);
    expect(ask("helpers.exists(a, helpers.exists(b, a != b) && a == 'y')", { helpers: ["x", "y"] })).toBe(true);
  });

  it("answers the same when asked again", () => {
    const holds = evaluator(check(parse("title.matches('^a')"), env));
    for (const title of ["ab", "ba", "ab", null])
      expect(holds({ row: { title }, auth, nowMs: 0 })).toBe(title === null ? fault : title === "ab");
  });
});
