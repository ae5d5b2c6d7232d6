// How people name their accounts. One rule for each kind of name, on every path.
import { createHash } from "node:crypto";
import { z } from "zod";
import type { AccountChange, AccountRow } from "./account-store.ts";
import { errors } from "./errors.ts";
import { addressForm } from "./types.ts";

/** ASCII only; shown as given, compared lower-cased, nothing else folded: dots and `+tag` count, nothing is trimmed. */
export const userEmailSchema = z
  .string()
  .max(254)
  .regex(addressForm, "is no e-mail address (ASCII only)")
  .meta({ example: "ann@example.com" });

/** 3 to 32 ASCII letters, digits and `. _ -` between them; compared lower-cased. Never an e-mail address, so the two cannot be confused. */
export const usernameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,30}[A-Za-z0-9]$/, "must have 3 to 32 letters, digits, or . _ - between them")
  .meta({ example: "ann" });

export const emailHandle = (email: string) => ({ email, emailKey: email.toLowerCase() });
export const usernameHandle = (username: string) => ({ username, usernameKey: username.toLowerCase() });

/** Changes with whatever a link in a mail relies on: one that was sent before is worth nothing after. */
export function stampOf(account: Pick<AccountRow, "id" | "email" | "emailVerifiedAt" | "passwordHash">): string {
  const parts = [account.id, account.email, account.emailVerifiedAt?.getTime(), account.passwordHash];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

/** Turns the database's refusal of a name that is another account's into `handle_taken` (409); the rest passes through. */
export async function namingHandles<T>(
  change: Pick<AccountChange, "email" | "username">,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, constraint = "" } = error as { code?: string; constraint?: string };
    if (code !== "23505" || !constraint.startsWith("account_")) throw error;
    const isName = change.username !== undefined && constraint.includes("usernameKey");
    throw errors.handle_taken({ params: { handle: isName ? "user name" : "e-mail address" } });
  }
}
