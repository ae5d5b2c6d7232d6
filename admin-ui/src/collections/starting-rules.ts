// The sets of rules a collection may start from, as the server offers them, fitted to a collection's own fields.
import { type Collection, type RuleSetOffer, type Rules, ruleNames } from "../api/types.ts";

/** The set in which the admin writes every rule; nothing to apply. */
export const ownText = "own";

/** The field that says whose a record is: one called so, else the first relation to users. */
export function ownerField({ fields }: Pick<Collection, "fields">): string | undefined {
  const single = fields.filter(({ many }) => !many);
  const named = single.find(({ name }) => /^(owner|author|user|userId|ownerId|createdBy)$/.test(name));
  return (named ?? single.find(({ type, collection }) => type === "relation" && collection === "users"))?.name;
}

/** The set's rules with its own field's name replaced by the collection's, every rule named: what is unset is null. */
export function rulesOf(offer: RuleSetOffer, owner: string | undefined): Rules {
  const needed = offer.needs?.name;
  const fitted = (text: string | null | undefined): string | null => {
    if (!text) return null;
    return needed && owner ? text.replace(new RegExp(`\\b${needed}\\b`, "g"), owner) : text;
  };
  return Object.fromEntries(ruleNames.map((name) => [name, fitted(offer.rules[name])]));
}

/** A rule that says nothing about who asks lets everyone in. */
export function isPublic(rule: string | null | undefined): boolean {
  return typeof rule === "string" && rule.trim() !== "" && !/\bauth\b|\bfalse\b/.test(rule);
}
