// What other rooms ask of this one: that a mail goes out if, and only if, their transaction commits.
import type { Db } from "../kernel/db/index.ts";

/** What a mail is about; each has a template in every locale that the product ships. */
export const mailTemplates = [
  "signUpConfirm",
  "signUpKnown",
  "signInCode",
  "emailVerify",
  "emailChange",
  "emailChanged",
  "passwordReset",
  "passwordChanged",
  "newDevice",
  "invitation",
  "test",
] as const;

export type MailTemplate = (typeof mailTemplates)[number];

export interface Mail {
  /** null: written like every other, and sent to nobody. So that time does not tell whether an address is known. */
  readonly to: string | null;
  readonly template: MailTemplate;
  /** BCP 47, as the user or their device said; the nearest one that has templates is taken. */
  readonly locale?: string | undefined;
  /** `code`, `link`, `appName`, `deviceName` …: texts for the template's places, escaped where they are put. */
  readonly values: { readonly [name: string]: string };
  /** When it is of no use any more, such as the end of the code in it. Default: a day from now. */
  readonly expiresAtMs?: number | undefined;
}

/** `smtp`: goes out. `mailbox`: only admins see it, in the console. `none`: nothing can be sent. */
export type MailState = "smtp" | "mailbox" | "none";

export interface Mailer {
  state(): MailState;
  /** In the caller's transaction. Rejects with `email_not_configured` (503) when nothing can be sent. */
  queue(db: Db, mail: Mail, nowMs: number): Promise<void>;
  /** The same refusal before any work is done. */
  requireReady(): void;
}

/** What is sealed with a mail. */
export interface MailBody {
  readonly to: string;
  readonly values: { readonly [name: string]: string };
  readonly expiresAtMs: number;
}
