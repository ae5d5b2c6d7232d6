// Mail to the users of apps: queued in the caller's transaction, sealed while it waits, sent over SMTP. The door of this room.
import type { Logger } from "pino";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Route } from "../kernel/http/route.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { product } from "../kernel/product.ts";
import { errors } from "./errors.ts";
import { hostOf, isMailAddress, senderOf } from "./mail-address.ts";
import { mailRoutes } from "./mail-routes.ts";
import { createSender, type Sender } from "./mail-sender.ts";
import { mailStateOf } from "./mail-state.ts";
import { countMails, insertMail, type MailRow } from "./mail-store.ts";
import { createTemplates } from "./mail-template.ts";
import { createSmtp } from "./smtp.ts";
import type { MailBody, Mailer, MailState } from "./types.ts";

export type { Mail, Mailer, MailState } from "./types.ts";

export interface MailOptions {
  /** The pool. */
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly masterKey: MasterKey;
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly smtpUrl?: string | undefined;
  readonly mailFrom?: string | undefined;
}

export interface MailRoom {
  readonly mailer: Mailer;
  readonly sender: Sender;
  readonly routes: readonly Route[];
  /** For the state of the server that admins see. */
  figures(): Promise<MailFigures>;
}

export interface MailFigures {
  readonly state: MailState;
  readonly waiting: number;
  readonly failed: number;
  readonly warning?: string;
}

const dayMs = 86_400_000;

/** Throws Exit `config_invalid` when a setting cannot be used. */
export function createMail(options: MailOptions): MailRoom {
  const { db, clock, log, masterKey, publicUrl, smtpUrl } = options;
  const state = mailStateOf(smtpUrl, publicUrl);
  const from = senderOf(options.mailFrom, publicUrl);
  const templates = createTemplates(options.dataDir);
  const smtp = smtpUrl === undefined ? undefined : createSmtp({ url: smtpUrl, from, host: hostOf(publicUrl) });
  const open = (row: MailRow) => JSON.parse(masterKey.open(row.sealed ?? "", context(row.id)).toString()) as MailBody;
  const sender = createSender({ db, clock, log, smtp, templates, open });
  const always = { appName: from.name || product.name };

  const requireReady = () => {
    if (state === "none") throw errors.email_not_configured({ retryAfterSeconds: 3_600 });
  };
  const mailer: Mailer = {
    state: () => state,
    requireReady,
    async queue(tx, mail, nowMs) {
      requireReady();
      if (mail.to !== null && !isMailAddress(mail.to)) throw new Error("a mail to what is no address");
      const id = uuidv7(nowMs);
      const body: MailBody = { to: mail.to ?? "", values: { ...always, ...mail.values }, expiresAtMs: mail.expiresAtMs ?? nowMs + dayMs }; // biome-ignore format: one line
      const sealed = masterKey.seal(JSON.stringify(body), context(id));
      const fate = mail.to === null ? "void" : state === "smtp" ? "waiting" : "kept";
      await insertMail(tx, { id, template: mail.template, locale: mail.locale ?? null, state: fate, sealed }, nowMs);
      sender.wake();
    },
  };
  return {
    mailer,
    sender,
    routes: mailRoutes({ mailer, templates, open, smtp, always }),
    figures: async () => {
      const counted = await countMails(db);
      const warning = warningOf(state, counted.failed);
      return { state, ...counted, ...(warning !== undefined && { warning }) };
    },
  };
}

const context = (id: string) => `mail:${id}`;

function warningOf(state: MailState, failed: number): string | undefined {
  if (state === "none")
    return "No mail can be sent, so ways to sign in that need one answer 503. Set LANDFALL_SMTP_URL to the server that takes mail.";
  if (failed > 0) return `${failed} mails of the last week were given up. GET /v1/mail says why.`;
  return undefined;
}
