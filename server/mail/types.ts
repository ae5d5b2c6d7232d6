// What other rooms ask of this one: that a mail goes out if, and only if, their transaction commits.
import type { Db } from "../kernel/db/index.ts";

/** What a mail is about; each has a template in every locale. */
export type MailTemplate =
  | "signUpConfirm"
  | "signUpKnown"
  | "signInCode"
  | "emailVerify"
  | "emailChange"
  | "emailChanged"
  | "passwordReset"
  | "passwordChanged"
  | "newDevice"
  | "invitation"
  | "test";

export interface Mail {
  readonly to: string;
  readonly template: MailTemplate;
  /** BCP 47, as the user or their device said; the nearest one that has templates is taken. */
  readonly locale?: string | undefined;
  /** `code`, `link`, `appName`, `deviceName` …: texts for the template's places, escaped where they are put. */
  readonly values: { readonly [name: string]: string };
}

export interface Mailer {
  /** `smtp`: goes out. `mailbox`: only owners see it, in the console. `none`: nothing can be sent. */
  state(): "smtp" | "mailbox" | "none";
  /** Rejects with `email_not_configured` (503) when nothing can be sent. */
  queue(db: Db, mail: Mail, nowMs: number): Promise<void>;
  /** The same refusal before any work is done. */
  requireReady(): void;
}
