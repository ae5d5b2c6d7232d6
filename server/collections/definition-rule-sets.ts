// The five sets of rules a new collection may start from. Data: the console and the API offer them, nothing here enforces.
import type { FieldDefinition, RuleSet } from "./types.ts";

export interface StartingRules {
  readonly name: "adminsOnly" | "owner" | "signedIn" | "publicRead" | "own";
  readonly title: string;
  readonly description: string;
  readonly rules: RuleSet;
  /** A field the rules need; the console adds it when the collection has none of that name. */
  readonly needs?: FieldDefinition;
}

/** Holds the id of whoever made the record. It is text until the project has a collection of users to relate to. */
const owner: FieldDefinition = { name: "owner", type: "id", required: true };
const mine = "owner == auth.id";
/** The new row's owner is the bare name: a record can neither be taken over nor given away. */
const stillMine = "owner == auth.id && before.owner == auth.id";

export const startingRules: readonly StartingRules[] = [
  {
    name: "adminsOnly",
    title: "Admins only",
    description: "Nobody but admins and keys with that scope. What a collection has when no rule is set.",
    rules: {},
  },
  {
    name: "owner",
    title: "Owner",
    description: "Everyone who is signed in works with the records they own and sees no others.",
    rules: { list: mine, create: mine, update: stillMine, delete: mine },
    needs: owner,
  },
  {
    name: "signedIn",
    title: "Signed in",
    description: "Everyone who is signed in reads and writes every record.",
    rules: { list: "auth.signedIn", create: "auth.signedIn", update: "auth.signedIn", delete: "auth.signedIn" },
  },
  {
    name: "publicRead",
    title: "Public, owners write",
    description: "Anyone reads, signed in or not. Owners write their own records.",
    rules: { list: "true", create: mine, update: stillMine, delete: mine },
    needs: owner,
  },
  {
    name: "own",
    title: "Own text",
    description: "Rules you write yourself. Until then admins only.",
    rules: {},
  },
];
