// For whoever runs the server: what was sent and what was not, the mailbox of a server without SMTP, previews, and a test.
import { z } from "zod";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { uuidv7 } from "../kernel/ids.ts";
import { errors } from "./errors.ts";
import { isMailAddress } from "./mail-address.ts";
import { render, type Values } from "./mail-render.ts";
import { listMails, type MailRow, mailById } from "./mail-store.ts";
import type { Templates } from "./mail-template.ts";
import type { Smtp } from "./smtp.ts";
import { type MailBody, type Mailer, type MailTemplate, mailTemplates } from "./types.ts";

export interface MailRouteDeps {
  readonly mailer: Mailer;
  readonly templates: Templates;
  readonly open: (row: MailRow) => MailBody;
  readonly smtp: Smtp | undefined;
  /** Values that every mail has. */
  readonly always: Values;
}

const tag = defineTag("Mail", "What the server sends to the users of your app.");
// What a mail says is as good as a password.
const shared = { tag, access: "admin", cache: "no-store", idempotent: false } as const;
const listMax = 200;
const time = z.iso.datetime();

const mailSchema = z
  .object({
    id: z.string(),
    template: z.enum(mailTemplates),
    locale: z.string().nullable(),
    state: z
      .enum(["waiting", "sent", "failed", "kept"])
      .meta({ description: "`kept`: not sent, shown here for a day." }),
    to: z.string().nullable().meta({ description: "Forgotten when the mail was sent." }),
    attempts: z.int(),
    createdAt: time,
    endedAt: time.nullable(),
    nextTryAt: time.nullable(),
    failure: z.string().nullable().meta({ description: "What the mail server said last." }),
  })
  .meta({ id: "Mail", description: "A mail on its way out." });

const contentSchema = z.object({ subject: z.string(), text: z.string(), html: z.string().nullable() });
const mailWithContent = mailSchema
  .extend({
    content: contentSchema.nullable().meta({ description: "Of a mail that is kept here; null for all others." }),
  })
  .meta({ id: "MailWithContent", description: "A mail, and what it says when it is kept here." });
const previewSchema = contentSchema
  .extend({ locale: z.string(), from: z.enum(["product", "files"]) })
  .meta({ id: "MailPreview", description: "A template, filled with example values." });
const testSchema = z
  .object({ delivered: z.boolean(), answer: z.string() })
  .meta({ id: "MailTest", description: "What became of a test mail, in the mail server's own words." });

const example = {
  ...{ id: "0197a7d2-7c00-7000-8000-000000000021", template: "signUpConfirm" as const, locale: "en", state: "kept" as const },
  ...{ to: "ann@example.com", attempts: 0, createdAt: "2026-01-01T00:00:00.000Z", endedAt: null },
  ...{ nextTryAt: null, failure: null },
}; // biome-ignore format: a table
const content = { subject: "Sign in to Example", text: "This signs you in, once.", html: null };

export function mailRoutes(deps: MailRouteDeps): Route[] {
  return [listRoute(deps), mailRoute(deps), previewRoute(deps), testRoute(deps)];
}

function listRoute({ open }: MailRouteDeps): Route {
  return defineRoute({
    ...shared,
    method: "GET",
    path: "/v1/mail",
    name: "listMails",
    summary: "List mails",
    description:
      "The newest 200: those that wait, those of the last week, and those that are kept because nothing is sent from here.",
    responses: {
      200: {
        description: "The mails.",
        schema: z.object({ items: z.array(mailSchema), nextCursor: z.null() }),
        example: { items: [example], nextCursor: null },
      },
    },
    handler: async (ctx) => {
      const rows = await listMails(ctx.db, listMax);
      return { status: 200, json: { items: rows.map((row) => mailView(row, open)), nextCursor: null } };
    },
  });
}

function mailRoute({ open, templates }: MailRouteDeps): Route {
  return defineRoute({
    ...shared,
    method: "GET",
    path: "/v1/mail/{id}",
    name: "getMail",
    summary: "Read a mail",
    description:
      "What a mail says is shown only while it is kept here. One that was sent, or will be, is its recipient's alone.",
    errors: ["mail_not_found"],
    params: z.object({ id: z.string().max(64).meta({ description: "The mail's id.", example: example.id }) }),
    responses: { 200: { description: "The mail.", schema: mailWithContent, example: { ...example, content } } },
    handler: async (ctx, { params }) => {
      const row = await mailById(ctx.db, params.id);
      if (row === undefined) throw errors.mail_not_found();
      const content = row.state === "kept" ? await contentOf(row, open(row).values, templates) : null;
      return { status: 200, json: { ...mailView(row, open), content } };
    },
  });
}

async function contentOf(row: MailRow, values: Values, templates: Templates) {
  const { template } = await templates(row.template as MailTemplate, row.locale ?? undefined);
  const { subject, text, html } = render(template, values);
  return { subject, text, html: html ?? null };
}

function mailView(row: MailRow, open: (row: MailRow) => MailBody): z.input<typeof mailSchema> {
  return {
    id: row.id,
    template: row.template as MailTemplate,
    locale: row.locale,
    state: row.state as "kept",
    to: row.sealed === null ? null : open(row).to,
    attempts: row.attempts,
    createdAt: row.createdAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
    nextTryAt: row.state === "waiting" ? row.dueAt.toISOString() : null,
    failure: row.failure,
  };
}

/** Nothing that works anywhere. */
const exampleValues: Values = {
  ...{ code: "123456", link: "https://example.com/auth/#/example", email: "ann@example.com", newEmail: "ann@new.example" },
  ...{ deviceName: "Ann's phone", address: "203.0.113.7", at: "2026-01-01 12:00 UTC", place: "Hamburg" },
  ...{ inviterName: "Bob", teamName: "Gardeners" },
}; // biome-ignore format: a table
const localeSchema = z
  .string()
  .max(35)
  .optional()
  .meta({ description: "BCP 47; the nearest one there is is taken.", example: "de" });

function previewRoute({ templates, always }: MailRouteDeps): Route {
  return defineRoute({
    ...shared,
    method: "GET",
    path: "/v1/mail/templates/{template}",
    name: "previewMail",
    summary: "Preview a template",
    description:
      "The template that a mail of this kind would have now, with example values. `from` tells whether it is yours.",
    errors: ["mail_template_not_found"],
    params: z.object({ template: z.string().max(64).meta({ description: "Which.", example: "signInCode" }) }),
    query: z.strictObject({ locale: localeSchema }),
    responses: {
      200: {
        description: "The preview.",
        schema: previewSchema,
        example: { ...content, locale: "en", from: "product" },
      },
    },
    handler: async (_, { params, query }) => {
      const name = mailTemplates.find((one) => one === params.template);
      if (name === undefined) throw errors.mail_template_not_found();
      const { locale, from, template } = await templates(name, query.locale);
      const { subject, text, html } = render(template, { ...exampleValues, ...always });
      return { status: 200, json: { subject, text, html: html ?? null, locale, from } };
    },
  });
}

const recipient = z.string().max(254).refine(isMailAddress, "is no e-mail address (ASCII only)").meta({ example: "owner@example.com" }); // biome-ignore format: one line

function testRoute({ mailer, templates, smtp, always }: MailRouteDeps): Route {
  return defineRoute({
    ...shared,
    method: "POST",
    path: "/v1/mail/test",
    name: "sendTestMail",
    summary: "Send a test mail",
    description:
      "Sends at once, past the queue, and answers what the mail server said. Without SMTP the mail is kept like all others.",
    errors: ["email_not_configured"],
    body: z
      .strictObject({ to: recipient, template: z.enum(mailTemplates).default("test"), locale: localeSchema })
      .meta({ example: { to: "owner@example.com" } }),
    responses: {
      200: { description: "Tried.", schema: testSchema, example: { delivered: true, answer: "250 2.0.0 OK" } },
    },
    handler: async (ctx, { body: { to, template: name, locale } }) => {
      mailer.requireReady();
      const values = { ...exampleValues, ...always };
      if (smtp === undefined) {
        await mailer.queue(ctx.db, { to, template: name, locale, values }, ctx.nowMs);
        return {
          status: 200,
          json: { delivered: true, answer: "Kept here: this server has no SMTP server to send by." },
        };
      }
      const { template } = await templates(name, locale);
      const { outcome, answer } = await smtp.deliver({
        id: uuidv7(ctx.nowMs),
        to,
        ...render(template, values),
        atMs: ctx.nowMs,
      });
      return { status: 200, json: { delivered: outcome === "sent", answer } };
    },
  });
}
