// Refresh tokens of clients. Each is derived from the one before, so that a client whose answer was lost, or that asked twice at
// once, gets the same successor for 20 seconds instead of losing its session; after that, or once the successor was used,
// the old one is a replay and ends the grant.
//
//   first --used--> second = HMAC(secret, first) --used--> third = HMAC(secret, second)
//     |-- 20 s: answers second again --|-- replay: the family ends
import { createHmac } from "node:crypto";
import { newSecret } from "../kernel/ids.ts";
import { product } from "../kernel/product.ts";
import type { StateRow, StateStore } from "./state-store.ts";

export const refreshGraceMs = 20_000;
const model = "RefreshToken";
const prefix = product.secretPrefixes.clientRefresh;

export const firstRefreshToken = (): string => newSecret(prefix);

export const successorOf = (secret: Buffer, token: string): string =>
  prefix + createHmac("sha256", secret).update(token).digest().subarray(0, 24).toString("base64url");

/** May a token that was used be answered once more? */
export async function isInGrace(
  store: StateStore,
  secret: Buffer,
  token: string,
  { consumedAt }: StateRow,
  nowMs: number,
): Promise<boolean> {
  if (consumedAt === null || nowMs - consumedAt.getTime() >= refreshGraceMs) return false;
  const next = await store.byId(model, successorOf(secret, token));
  return next === undefined || next.consumedAt === null;
}
