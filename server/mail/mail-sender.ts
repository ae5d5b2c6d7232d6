// Sends what waits. Every process has one, and each mail is taken by one of them:
//
//   waiting --taken--> lease of two minutes --sent-------------> sent, its content gone
//      ^                    |--refused for good, or too late---> failed
//      |                    |--no answer, no server-----------.
//      '-- due again: after 15 s, 30 s, 1 min … an hour -------'
//
// A process that dies with a mail in hand leaves it to the lease's end: then it may go out twice, with the same Message-ID, which
// is the lesser evil. A mail is kept waiting only as long as it is of use.
import type { Logger } from "pino";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Service } from "../kernel/lifecycle.ts";
import { render } from "./mail-render.ts";
import { delayMail, endMail, type MailRow, sweepMails, takeMails } from "./mail-store.ts";
import type { Templates } from "./mail-template.ts";
import type { Delivery, Smtp } from "./smtp.ts";
import type { MailBody, MailTemplate } from "./types.ts";

export interface SenderOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent: nothing is sent, only what is old removed. */
  readonly smtp: Smtp | undefined;
  readonly templates: Templates;
  readonly open: (row: MailRow) => MailBody;
}

export interface Sender extends Service {
  /** Sends what is due now and gives how many it took. */
  round(): Promise<number>;
  /** Mail was queued: looks soon instead of at the next interval. */
  wake(): void;
}

const leaseMs = 120_000;
const batchMax = 20;
const everyMs = 5_000;
/** By then the transaction of whoever queued has committed, as a rule; otherwise the next look finds it. */
const wakeMs = 100;
const sweepEveryMs = 600_000;
const retryMsMin = 15_000;
const retryMsMax = 3_600_000;

export function createSender({ db, clock, log, smtp, templates, open }: SenderOptions): Sender {
  let timer: NodeJS.Timeout | undefined;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let running: Promise<unknown> = Promise.resolve();
  let isOn = false;
  let sweptAtMs = Number.NEGATIVE_INFINITY;

  async function round(): Promise<number> {
    if (smtp === undefined) return 0;
    const rows = await takeMails(db, clock.now(), { leaseMs, max: batchMax });
    await Promise.all(rows.map((row) => send(row, smtp)));
    return rows.length;
  }

  async function send(row: MailRow, by: Smtp): Promise<void> {
    const { to, values, expiresAtMs } = open(row);
    const nowMs = clock.now();
    if (expiresAtMs <= nowMs) return giveUp(row, "It could not be sent while it was of use.");
    const { template } = await templates(row.template as MailTemplate, row.locale ?? undefined);
    const delivery = await by.deliver({ id: row.id, to, ...render(template, values), atMs: row.createdAt.getTime() });
    if (delivery.outcome === "sent") return endMail(db, row.id, clock.now());
    return later(row, delivery, expiresAtMs);
  }

  async function later(row: MailRow, { outcome, answer }: Delivery, expiresAtMs: number): Promise<void> {
    const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(row.attempts - 1, 20));
    const nextMs = clock.now() + waitMs;
    if (outcome === "never" || nextMs >= expiresAtMs) return giveUp(row, answer);
    log.warn({ event: "mail_delayed", mailId: row.id, template: row.template, attempts: row.attempts }, "a mail was not taken; it is tried again"); // biome-ignore format: one line
    await delayMail(db, row.id, { failure: answer, dueAtMs: nextMs }, clock.now());
  }

  async function giveUp(row: MailRow, failure: string): Promise<void> {
    log.error({ event: "mail_failed", mailId: row.id, template: row.template, attempts: row.attempts }, "a mail was given up; GET /v1/mail says why"); // biome-ignore format: one line
    await delayMail(db, row.id, { failure, dueAtMs: undefined }, clock.now());
  }

  /** Until nothing is due; a full batch is followed by the next at once. */
  async function work(): Promise<void> {
    try {
      while (isOn && (await round()) === batchMax);
      if (clock.monotonicMs() - sweptAtMs < sweepEveryMs) return;
      sweptAtMs = clock.monotonicMs();
      await sweepMails(db, clock.now());
    } catch (cause) {
      log.warn(
        { event: "mail_round_failed", err: cause },
        "mails could not be looked after; the next round tries again",
      );
    }
  }

  function schedule(inMs: number): void {
    const atMs = clock.monotonicMs() + inMs;
    if (!isOn || atMs >= dueAtMs) return;
    clearTimeout(timer);
    dueAtMs = atMs;
    timer = setTimeout(() => {
      dueAtMs = Number.POSITIVE_INFINITY;
      running = running.then(work).finally(() => schedule(everyMs));
    }, inMs);
    timer.unref();
  }

  const end = async () => {
    isOn = false;
    clearTimeout(timer);
    await running;
  };
  return {
    name: "mail.sender",
    round,
    wake: () => schedule(wakeMs),
    run: async () => {
      isOn = true;
      schedule(wakeMs);
    },
    drain: end,
    stop: async () => {
      await end();
      smtp?.close();
    },
  };
}
