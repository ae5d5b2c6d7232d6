// The five ways a new collection may begin. Every one of them can be changed later, rule by rule.
import type { Rules } from "../api/types.ts";

export type StartingSet = "admins" | "owner" | "signedIn" | "publicRead" | "own";

export interface StartingRules {
  readonly id: StartingSet;
  readonly title: string;
  readonly says: string;
  /** `owner` is the field that holds the user's id. */
  readonly rules: (owner: string) => Rules;
  readonly needsOwner: boolean;
}

const byOwner = (owner: string): Rules => ({
  create: `${owner} == auth.id`,
  update: `${owner} == auth.id && before.${owner} == auth.id`,
  delete: `${owner} == auth.id`,
});

export const startingRules: readonly StartingRules[] = [
  {
    id: "admins",
    title: "Admins only",
    says: "Nobody else sees that it exists. The safest start.",
    rules: () => ({}),
    needsOwner: false,
  },
  {
    id: "owner",
    title: "Owner",
    says: "Each user sees and changes their own records.",
    rules: (owner) => ({ list: `${owner} == auth.id`, ...byOwner(owner) }),
    needsOwner: true,
  },
  {
    id: "signedIn",
    title: "Signed in",
    says: "Every signed-in user reads and writes everything.",
    rules: () => ({
      list: "auth.signedIn",
      create: "auth.signedIn",
      update: "auth.signedIn",
      delete: "auth.signedIn",
    }),
    needsOwner: false,
  },
  {
    id: "publicRead",
    title: "Public read, owner writes",
    says: "The whole world reads; each user changes their own records.",
    rules: (owner) => ({ list: "true", ...byOwner(owner) }),
    needsOwner: true,
  },
  {
    id: "own",
    title: "My own",
    says: "Write the rules yourself, now.",
    rules: () => ({}),
    needsOwner: false,
  },
];

/** A rule that says nothing about who asks lets everyone in. */
export function isPublic(rule: string | null | undefined): boolean {
  return typeof rule === "string" && rule.trim() !== "" && !/\bauth\b|\bfalse\b/.test(rule);
}
