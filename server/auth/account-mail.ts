// Mails about accounts: how often one address gets them, in which language, and where their links lead.
import type { Context } from "../kernel/context.ts";
import type { Mail, Mailer } from "../mail/index.ts";
import type { AccountRow } from "./account-store.ts";
import { knowsAddress } from "./device-store.ts";
import { type Attempt, attemptLimits, beginAttempt } from "./sign-in-limits.ts";

/** Five mails at once to one address, and one more every ten minutes, so that nobody fills somebody else's inbox. */
export const mailLimits = attemptLimits("mail", { burst: 5, refillMs: 600_000 });
/** Codes in mails that came, and tries with links: 30 at once from one address. */
const codeLimits = attemptLimits("mailCode");

/** A step of the hosted pages. The secret stands in the fragment: in no query, no log and no Referer; the host is the configured one. */
export type LinkStep = "confirm" | "link" | "reset";
export const linkTo = (publicUrl: string, step: LinkStep, token: string) =>
  `${publicUrl.replace(/\/$/, "")}/auth/#/${step}/${token}`;
export const signInPage = (publicUrl: string) => `${publicUrl.replace(/\/$/, "")}/auth/#/sign-in`;

/** Spends one mail to an address. The same for known and unknown ones; an owner at home has a budget that strangers do not empty. */
export async function spendMail(
  ctx: Context,
  to: { readonly collectionId: number; readonly emailKey: string; readonly account: AccountRow | undefined },
  address: string,
): Promise<void> {
  const attempt = await beginAttempt(ctx, mailLimits, address);
  const isKnown = await knowsAddress(ctx.db, to.account?.id ?? "", address, ctx.nowMs);
  const subject = `${to.collectionId} ${to.emailKey}`;
  await attempt.aim({ subject, knownAs: isKnown ? to.account?.id : undefined });
}

/** Tries of codes from one address; each flow counts its own five besides. */
export const beginCode = (ctx: Context, address: string): Promise<Attempt> => beginAttempt(ctx, codeLimits, address);

/** Tells an account about itself, at an address that is proved to be its owner's; silent where no mail can be sent. */
export async function tellOwner(
  ctx: Context,
  { mailer }: { readonly mailer: Mailer },
  account: Pick<AccountRow, "email" | "emailVerifiedAt" | "locale">,
  mail: Pick<Mail, "template" | "values">,
): Promise<void> {
  if (account.email === null || account.emailVerifiedAt === null || mailer.state() === "none") return;
  await mailer.queue(ctx.db, { ...mail, to: account.email, locale: account.locale ?? undefined }, ctx.nowMs);
}
