// The edge of mail in tests of this room: keeps what was queued, in the transaction that queued it or not at all.
import type { Mail, Mailer, MailState } from "../mail/index.ts";

export interface TestMailer extends Mailer {
  readonly mails: Mail[];
  set(state: MailState): void;
  /** The newest mail to this address; throws when there is none. */
  to(address: string): Mail;
  /** The secret of the link in it. */
  token(address: string): string;
}

export function testMailer(): TestMailer {
  const mails: Mail[] = [];
  let state: MailState = "smtp";
  const requireReady = () => {
    if (state === "none") throw Object.assign(new Error("no mail"), { status: 503, code: "email_not_configured" });
  };
  const to = (address: string) => {
    const found = mails.findLast((mail) => mail.to === address);
    if (found === undefined) throw new Error(`no mail to ${address}`);
    return found;
  };
  return {
    mails,
    to,
    token: (address) => /\/auth\/#\/\w+\/(lf_one_[\w-]+)$/.exec(to(address).values.link ?? "")?.[1] ?? "no link",
    state: () => state,
    set: (next) => {
      state = next;
    },
    requireReady,
    queue: async (_, mail) => {
      requireReady();
      mails.push(mail);
    },
  };
}
