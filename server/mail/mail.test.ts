// Mail end to end inside the process: queued in a transaction, sent to an SMTP server by another author, read by a parser by
// another author. The clock is moved by hand.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ParsedMail, simpleParser } from "mailparser";
import pino from "pino";
import { SMTPServer } from "smtp-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { masterKey } from "../kernel/master-key.ts";
import { createMail, type Mail, type MailOptions } from "./index.ts";
import { mailColours } from "./mail-layout.ts";
import { mailStateOf } from "./mail-state.ts";
import { mailTemplates } from "./types.ts";

const database = testDatabase();
const dataDir = mkdtempSync(join(tmpdir(), "lf-mail-"));
let nowMs = Date.UTC(2026, 0, 1);
const clock = { now: () => nowMs, monotonicMs: () => nowMs };

interface Arrived {
  readonly from: string;
  readonly to: readonly string[];
  readonly mail: ParsedMail;
  readonly raw: string;
}
const arrived: Arrived[] = [];
/** What the server answers to the next recipients, `0`: takes it. */
let refuses = 0;
const sink = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  onRcptTo: (_, __, done) =>
    refuses === 0 ? done() : done(Object.assign(new Error("not now"), { responseCode: refuses })),
  onData: (stream, session, done) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", async () => {
      const raw = Buffer.concat(chunks).toString();
      const { mailFrom, rcptTo } = session.envelope;
      arrived.push({ from: mailFrom ? mailFrom.address : "", to: rcptTo.map(({ address }) => address), mail: await simpleParser(raw), raw }); // biome-ignore format: one line
      done();
    });
  },
});

const rooms: ReturnType<typeof createMail>[] = [];
function room(options: Partial<MailOptions> = {}) {
  const { port } = sink.server.address() as AddressInfo;
  const made = createMail({
    ...{ db: database.db, clock, log: pino({ level: "silent" }), masterKey: masterKey(Buffer.alloc(32, 7)) },
    ...{ publicUrl: "https://app.example.com", dataDir, smtpUrl: `smtp://127.0.0.1:${port}` },
    mailFrom: "Example App <no-reply@example.com>",
    ...options,
  });
  rooms.push(made);
  return made;
}

beforeAll(async () => {
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  for (const made of rooms) await made.sender.stop();
  await new Promise<void>((resolve) => sink.close(resolve));
  rmSync(dataDir, { recursive: true });
});
beforeEach(async () => {
  arrived.length = 0;
  refuses = 0;
  await database.db.query({ text: "TRUNCATE landfall.mail" });
});

const letter: Mail = {
  to: "ann@example.com",
  template: "signUpConfirm",
  values: { code: "123456", link: "https://app.example.com/auth/#/confirm/lf_one_secret" },
};
const rows = () => database.db.query({ text: `SELECT * FROM landfall.mail ORDER BY id` });
const call = async (made: ReturnType<typeof createMail>, name: string, input: object = {}) => {
  const route = made.routes.find((one) => one.name === name);
  if (route === undefined) throw new Error(`no route ${name}`);
  const whole = { params: {}, query: {}, body: {}, ...input };
  const ctx = { db: database.db, nowMs, log: pino({ level: "silent" }) };
  const parsed = { body: route.body?.parse(whole.body), query: route.query?.parse(whole.query), params: route.params?.parse(whole.params) }; // biome-ignore format: one line
  const reply = await route.handler(ctx as never, parsed as never);
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into, after their route's schema held
  return route.responses[reply.status]?.schema?.parse(JSON.parse(JSON.stringify(reply.json))) as any;
};

describe("a mail that is sent", () => {
  test("arrives as text and HTML, from the configured sender, and nothing of it stays here", async () => {
    const { mailer, sender } = room();
    await mailer.queue(database.db, letter, nowMs);
    expect(JSON.stringify(await rows())).not.toMatch(/ann@|123456|lf_one_secret/);
    expect(await sender.round()).toBe(1);
    const [{ mail, from, to }] = arrived as [Arrived];
    expect([from, to]).toEqual(["no-reply@example.com", ["ann@example.com"]]);
    expect(mail.from?.value).toEqual([{ name: "Example App", address: "no-reply@example.com" }]);
    expect(mail.subject).toBe("123456 is your code for Example App");
    expect(mail.text).toContain("    123456");
    expect(mail.text).toContain("https://app.example.com/auth/#/confirm/lf_one_secret");
    expect(mail.html).toContain('href="https://app.example.com/auth/#/confirm/lf_one_secret"');
    expect(mail.headers.get("auto-submitted")).toBe("auto-generated");
    expect(await rows()).toMatchObject([{ state: "sent", sealed: null, failure: null }]);
    expect(await sender.round()).toBe(0);
  });

  test("is of the transaction: what rolled back is never sent", async () => {
    const { mailer, sender } = room();
    const failing = database.db.transaction(async (tx) => {
      await mailer.queue(tx, letter, nowMs);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await sender.round()).toBe(0);
  });

  test("goes out once, however many processes look at the same time", async () => {
    const [first, second] = [room(), room()];
    for (let at = 0; at < 30; at++)
      await first.mailer.queue(database.db, { ...letter, to: `u${at}@example.com` }, nowMs);
    const looks = [first, second, first, second, first, second].map((one) => one.sender.round());
    await Promise.all(looks);
    while ((await second.sender.round()) > 0);
    expect(arrived.flatMap(({ to }) => to).sort()).toEqual(Array.from({ length: 30 }, (_, at) => `u${at}@example.com`).sort()); // biome-ignore format: one line
  });

  test("runs by itself once it was queued", async () => {
    const { mailer, sender } = room({ clock: { now: () => nowMs, monotonicMs: () => performance.now() } });
    await sender.run();
    await mailer.queue(database.db, letter, nowMs);
    await expect.poll(() => arrived.length, { timeout: 10_000 }).toBe(1);
    await sender.drain();
  });
});

describe("a mail that is not taken", () => {
  test("is tried again, later each time, until it is of no use", async () => {
    const { mailer, sender, figures } = room();
    await mailer.queue(database.db, { ...letter, expiresAtMs: nowMs + 600_000 }, nowMs);
    refuses = 451;
    const waits: number[] = [];
    for (let [row] = await rows(); row?.state === "waiting"; [row] = await rows()) {
      const dueAtMs = (row.dueAt as Date).getTime();
      waits.push(Math.round((dueAtMs - nowMs) / 1000));
      nowMs = dueAtMs;
      await sender.round();
    }
    expect(waits).toEqual([0, 15, 30, 60, 120, 240]);
    expect(await rows()).toMatchObject([{ state: "failed", attempts: 6, failure: expect.stringContaining("451") }]);
    expect(await figures()).toMatchObject({ state: "smtp", failed: 1, warning: expect.stringContaining("given up") });
  });

  test("and then is: the code in it counts as long as the mail waits", async () => {
    const { mailer, sender } = room();
    await mailer.queue(database.db, letter, nowMs);
    refuses = 451;
    await sender.round();
    refuses = 0;
    nowMs += 15_000;
    await sender.round();
    expect(arrived).toHaveLength(1);
    expect(await rows()).toMatchObject([{ state: "sent", attempts: 2 }]);
  });

  test("is given up at once when the server will never take it, and shown", async () => {
    const made = room();
    await made.mailer.queue(database.db, letter, nowMs);
    refuses = 550;
    await made.sender.round();
    const { items } = await call(made, "listMails");
    expect(items).toMatchObject([{ state: "failed", to: "ann@example.com", failure: expect.stringContaining("550") }]);
    const shown = await call(made, "getMail", { params: { id: items[0].id } });
    expect(shown.content).toBeNull();
  });

  test("belongs to nobody's process that died: it is due again after two minutes", async () => {
    const { mailer, sender } = room();
    await mailer.queue(database.db, letter, nowMs);
    await database.db.query({ text: `UPDATE landfall.mail SET attempts = 1, "dueAt" = $1`, values: [new Date(nowMs + 120_000).toISOString()] }); // biome-ignore format: one line
    expect(await sender.round()).toBe(0);
    nowMs += 120_000;
    expect(await sender.round()).toBe(1);
  });

  test("is tried again when nobody listens there", async () => {
    const { mailer, sender } = room({ smtpUrl: "smtp://127.0.0.1:1" });
    await mailer.queue(database.db, letter, nowMs);
    await sender.round();
    expect(await rows()).toMatchObject([{ state: "waiting", failure: expect.stringContaining("ECONNREFUSED") }]);
  });
});

test("T18 a mail to nobody is written like every other, shown to nobody, and never sent", async () => {
  const made = room();
  await made.mailer.queue(database.db, { ...letter, to: null }, nowMs);
  expect(await made.sender.round()).toBe(0);
  expect(await rows()).toMatchObject([{ state: "void", sealed: expect.any(String) }]);
  expect((await call(made, "listMails")).items).toEqual([]);
});

describe("without SMTP", () => {
  const mailbox = () => room({ smtpUrl: undefined, mailFrom: undefined, publicUrl: "http://localhost:4710" });

  test("admins read the mail here for a day", async () => {
    const made = mailbox();
    await made.mailer.queue(database.db, { ...letter, locale: "de-AT" }, nowMs);
    const { items } = await call(made, "listMails");
    expect(items).toMatchObject([{ state: "kept", to: "ann@example.com", template: "signUpConfirm" }]);
    const { content } = await call(made, "getMail", { params: { id: items[0].id } });
    expect(content.subject).toBe("123456 ist Ihr Code für Landfall");
    nowMs += 86_400_000;
    await made.sender.run();
    await expect.poll(rows, { timeout: 10_000 }).toEqual([]);
    await made.sender.stop();
  });

  test("on a public address nothing can be sent, and everything says so", async () => {
    const made = room({ smtpUrl: undefined });
    await expect(made.mailer.queue(database.db, letter, nowMs)).rejects.toMatchObject({ status: 503, code: "email_not_configured" }); // biome-ignore format: one line
    expect(() => made.mailer.requireReady()).toThrow(expect.objectContaining({ code: "email_not_configured" }));
    expect(await made.figures()).toMatchObject({
      state: "none",
      warning: expect.stringContaining("LANDFALL_SMTP_URL"),
    });
    expect(await rows()).toEqual([]);
  });

  test.each([
    ["http://localhost:4710", "mailbox"],
    ["http://app.localhost", "mailbox"],
    ["http://127.0.0.1", "mailbox"],
    ["http://0x7f.1", "mailbox"],
    ["http://[::1]:80", "mailbox"],
    ["http://192.168.1.20:4710", "mailbox"],
    ["http://10.1.2.3", "mailbox"],
    ["http://[fd00::1]", "mailbox"],
    ["http://nas.local", "mailbox"],
    ["http://172.32.0.1", "none"],
    ["https://203.0.113.7", "none"],
    ["https://app.example.com", "none"],
    ["https://localhost.example.com", "none"],
    ["https://notlocalhost", "none"],
    ["https://10.1.2.3.example.com", "none"],
    ["http://[2001:db8::1]", "none"],
  ])("%s: %s", (publicUrl, state) => {
    expect(mailStateOf(undefined, publicUrl)).toBe(state);
    expect(mailStateOf("smtp://mail", publicUrl)).toBe("smtp");
  });
});

describe("T-class: nothing that people say becomes a header, a tag, a link or a template", () => {
  const nasty = 'Ann\r\nBcc: eve@evil.example\r\n\r\n<img src=x onerror=alert(1)> {{code}} http://evil.example/a"';

  test.each(mailTemplates)("in %s, as every value", async (template) => {
    const { mailer, sender } = room();
    const names = [
      "code",
      "link",
      "appName",
      "deviceName",
      "place",
      "address",
      "at",
      "newEmail",
      "inviterName",
      "teamName",
    ];
    await mailer.queue(database.db, { ...letter, template, values: Object.fromEntries(names.map((name) => [name, nasty])) }, nowMs); // biome-ignore format: one line
    await sender.round();
    const [{ mail, to, raw }] = arrived as [Arrived];
    expect(to).toEqual(["ann@example.com"]);
    expect(mail.bcc).toBeUndefined();
    expect(raw.split("\r\n\r\n")[0]).not.toMatch(/^bcc:/im);
    expect([...mail.headers.keys()].sort()).toEqual(["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"]); // biome-ignore format: one line
    expect(mail.html).not.toContain("<img");
    expect(String(mail.html).match(/href="[^"]*"/g) ?? []).toHaveLength(String(mail.html).includes("<a ") ? 1 : 0);
  });

  test("a device that calls itself an address is no link", async () => {
    const { mailer, sender } = room();
    await mailer.queue(database.db, { ...letter, template: "newDevice", values: { deviceName: "https://evil.example/login" } }, nowMs); // biome-ignore format: one line
    await sender.round();
    expect(arrived[0]?.mail.text).toContain("Device:");
    expect(arrived[0]?.mail.text).not.toMatch(/https?:\/\/\w|evil\.example/);
  });

  test.each([
    "ann@example.com\r\nBcc: eve@evil.example",
    "ann@example.com, eve@evil.example",
    "<ann@example.com>",
    "Ann <ann@example.com>",
    "ann",
    "ann@",
    "änn@example.com",
  ])(
    // biome-ignore format: one line
    "%j is no recipient",
    async (to) => {
      await expect(room().mailer.queue(database.db, { ...letter, to }, nowMs)).rejects.toThrow("no address");
    },
  );

  test.each(["Ann\r\nBcc: x@y.z <no-reply@example.com>", "no-reply", "<>", "a@b.c, d@e.f"])(
    "%j is no sender",
    (mailFrom) => {
      expect(() => room({ mailFrom })).toThrow("LANDFALL_MAIL_FROM");
    },
  );
});

describe("templates", () => {
  afterEach(() => rmSync(join(dataDir, "mail"), { recursive: true, force: true }));
  const write = (locale: string, files: Record<string, string>) => {
    mkdirSync(join(dataDir, "mail", locale), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dataDir, "mail", locale, name), text);
  };

  test.each(mailTemplates)("%s: both languages, nothing left unfilled, the brand's colours only", async (template) => {
    for (const locale of ["en", "de"]) {
      const shown = await call(room(), "previewMail", { params: { template }, query: { locale } });
      expect(shown).toMatchObject({ locale, from: "product" });
      expect(JSON.stringify(shown)).not.toMatch(/\{\{|undefined/);
      const known: readonly string[] = Object.values(mailColours).flat();
      for (const colour of shown.html.match(/#[0-9a-f]{6}/g)) expect(known).toContain(colour);
      expect(shown.html).not.toMatch(/<script|<img|url\(|@import/);
      expect(shown.html).toContain('name="color-scheme" content="light dark"');
    }
  });

  test("the colours are those of the brand", () => {
    const tokens = readFileSync(join(import.meta.dirname, "../../brand/tokens.css"), "utf8");
    for (const [name, [light, dark]] of Object.entries(mailColours)) {
      const value = new RegExp(`--${name}: ([^;]+);`).exec(tokens)?.[1];
      expect([`light-dark(${light}, ${dark})`, light]).toContain(value);
    }
  });

  test("an operator's files replace a template whole, in languages that the product has and in others", async () => {
    write("fr", { "test.subject": "Bonjour {{appName}}\n", "test.text": "Voilà {{#code}}{{code}}{{/code}}", "test.html": "<p>{{appName}}</p>" }); // biome-ignore format: one line
    const preview = (locale: string) => call(room({ mailFrom: '"A & B" <a@b.example>' }), "previewMail", { params: { template: "test" }, query: { locale } }); // biome-ignore format: one line
    expect(await preview("fr-CA")).toEqual({ locale: "fr", from: "files", subject: "Bonjour A & B", text: "Voilà 123456", html: "<p>A &amp; B</p>" }); // biome-ignore format: one line
    write("de", { "test.subject": "Hallo" });
    expect(await preview("de")).toMatchObject({ from: "product" });
    write("de", { "test.text": "Nur Text" });
    expect(await preview("de-CH")).toEqual({ locale: "de", from: "files", subject: "Hallo", text: "Nur Text", html: null }); // biome-ignore format: one line
  });

  test.each(["../../../etc", "..", "en/../../x", "", "xx", "e", "de_DE"])(
    "locale %j: English, and no path",
    async (locale) => {
      expect(await call(room(), "previewMail", { params: { template: "test" }, query: { locale } })).toMatchObject({ locale: "en" }); // biome-ignore format: one line
    },
  );
});

describe("a test mail", () => {
  test("goes past the queue and answers in the server's words", async () => {
    const made = room();
    const answer = await call(made, "sendTestMail", { body: { to: "owner@example.com", locale: "de" } });
    expect(answer).toEqual({ delivered: true, answer: expect.stringMatching(/^250/) });
    expect(arrived[0]?.mail.subject).toBe("Eine E-Mail von Example App");
    refuses = 550;
    expect(await call(made, "sendTestMail", { body: { to: "owner@example.com" } })).toEqual({ delivered: false, answer: expect.stringContaining("550") }); // biome-ignore format: one line
  });

  test("says what is wrong with the settings", async () => {
    const { port } = sink.server.address() as AddressInfo;
    const noTls = await call(room({ smtpUrl: `smtp://ann:secret@127.0.0.1:${port}` }), "sendTestMail", { body: { to: "o@example.com" } }); // biome-ignore format: one line
    expect(noTls.delivered).toBe(false);
    expect(noTls.answer).not.toContain("secret");
    expect(arrived).toEqual([]);
  });
});
