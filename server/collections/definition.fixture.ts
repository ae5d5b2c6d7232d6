// What the tests of definitions share: tools with a capture that records, and a rule checker that knows names only.
import type { Db } from "../kernel/db/index.ts";
import { Problem } from "../kernel/errors/index.ts";
import type { CheckRule } from "./definition-judge.ts";
import { systemFields } from "./definition-names.ts";
import { collectionPatchShape, collectionShape } from "./definition-shape.ts";
import {
  type Capture,
  changeCollection,
  createCollection,
  type DefinitionTools,
  dropCollection,
  type NameFollower,
} from "./definition-write.ts";
import { fieldKinds } from "./field-kinds.ts";
import type { Schema } from "./types.ts";

export const tags = { actor: "admin:a", request: "r1" };

/** Patterns are JavaScript's here; an unbounded group stands for what the linear-time subset refuses. */
export const compilePattern = (pattern: string) => {
  if (pattern.includes("(?")) throw new Error("Look-around is not supported.");
  const compiled = new RegExp(pattern, "u");
  return (text: string) => compiled.test(text);
};

/** Every name before `==` must be a field, every `collection("x")` a collection. */
export const checkRule: CheckRule = (schemas, schema, _operation, text) => {
  const names = [...text.matchAll(/(\w+) ==/g)].map((match) => match[1] as string);
  const unknown = names.filter(
    (name) => !schema.fieldByName.has(name) && !(systemFields as readonly string[]).includes(name),
  );
  const collections = [...text.matchAll(/collection\("(\w+)"\)/g)].map((match) => match[1] as string);
  return [...unknown, ...collections.filter((name) => !schemas.byName.has(name))].map((name) => ({
    code: "unknown_name",
    message: `There is no “${name}”.`,
    position: text.indexOf(name),
  }));
};

export function recordingTools(extra: Partial<DefinitionTools> = {}): DefinitionTools & { readonly calls: string[] } {
  const calls: string[] = [];
  const capture: Capture = {
    install: async (_tx, c) => {
      const sealed = [...c.columns, ...c.joins].flatMap((one) =>
        one.sealed ? ["field" in one ? one.field : one.name] : [],
      );
      calls.push(
        `install ${c.table} ${c.columns.slice(4).map((one) => `${one.name}:${one.type}`)} sealed ${sealed}`.trim(),
      );
    },
    remove: async (_tx, table) => void calls.push(`remove ${table}`),
    announce: async (_tx, statement) => void calls.push(`announce ${statement.op}`),
  };
  const follower: NameFollower = {
    renamed: async (_tx, from, to) => void calls.push(`renamed ${from} ${to}`),
    dropped: async (_tx, name) => void calls.push(`dropped ${name}`),
  };
  const kindOf = fieldKinds(compilePattern);
  return { kindOf, compilePattern, checkRule, capture, followers: [follower], lockTimeoutMs: 4_000, calls, ...extra };
}

/** The three writers with bodies as a client sends them, validated as the door does. */
export function definitions(db: () => Db, tools: DefinitionTools) {
  return {
    create: (body: object): Promise<Schema> => createCollection(db(), collectionShape.parse(body), tools, tags),
    change: (
      name: string,
      patch: object,
      options: { confirmLoss?: boolean; ifVersions?: number[] } = {},
    ): Promise<Schema> =>
      changeCollection(db(), name, collectionPatchShape.parse(patch), tools, { confirmLoss: false, tags, ...options }),
    drop: (name: string, options: { confirmLoss?: boolean; ifVersions?: number[] } = {}): Promise<void> =>
      dropCollection(db(), name, tools, { confirmLoss: false, tags, ...options }),
  };
}

/** Runs what must be refused and gives the code with the issues' places and codes. */
export async function refusalOf(work: Promise<unknown>): Promise<{ code: string; issues: string[]; messages: string }> {
  const problem = await work.then(
    () => new Error("it was accepted"),
    (error: unknown) => error,
  );
  if (!(problem instanceof Problem)) throw problem;
  return {
    code: problem.code,
    issues: problem.issues.map((issue) => `${issue.path} ${issue.code}`),
    messages: problem.issues.map((issue) => issue.message).join("\n"),
  };
}
