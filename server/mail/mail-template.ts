// Which template a mail has: the operator's own by file, or the product's. Files are read each time, so that a change counts at
// once and on whichever process sends.
//
//   <data dir>/mail/<locale>/<template>.subject   one line   } these two make a template;
//   <data dir>/mail/<locale>/<template>.text                 } it replaces the product's whole
//   <data dir>/mail/<locale>/<template>.html      without it the mail is plain text
import { open } from "node:fs/promises";
import { join } from "node:path";
import { templateOf } from "./mail-layout.ts";
import type { Template } from "./mail-render.ts";
import { shippedTexts } from "./mail-texts.ts";
import type { MailTemplate } from "./types.ts";

export interface FoundTemplate {
  readonly locale: string;
  readonly from: "product" | "files";
  readonly template: Template;
}

export type Templates = (name: MailTemplate, locale: string | undefined) => Promise<FoundTemplate>;

const fallback = "en";
const fileLengthMax = 262_144;
/** Also what keeps a locale from being a path. */
const localeForm = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;

export function createTemplates(dataDir: string): Templates {
  return async (name, asked) => {
    for (const locale of nearest(asked)) {
      const template = await filesOf(join(dataDir, "mail", locale), name);
      if (template !== undefined) return { locale, from: "files", template };
      const wording = shippedTexts[locale]?.[name];
      if (wording !== undefined) return { locale, from: "product", template: templateOf(wording, locale) };
    }
    throw new Error(`there is no template ${name}`);
  };
}

/** `de-AT` is looked for as de-AT, de, en (RFC 4647 §3.4). */
function nearest(asked: string | undefined): string[] {
  if (asked === undefined || !localeForm.test(asked)) return [fallback];
  const parts = asked.split("-");
  const canonical = [parts[0]?.toLowerCase(), ...parts.slice(1).map((part) => (part.length === 2 ? part.toUpperCase() : part))]; // biome-ignore format: one line
  const shorter = canonical.map((_, at) => canonical.slice(0, canonical.length - at).join("-"));
  return [...shorter, fallback];
}

async function filesOf(folder: string, name: MailTemplate): Promise<Template | undefined> {
  const subject = await read(join(folder, `${name}.subject`));
  const text = subject === undefined ? undefined : await read(join(folder, `${name}.text`));
  if (subject === undefined || text === undefined) return undefined;
  return { subject, text, html: await read(join(folder, `${name}.html`)) };
}

/** Undefined when there is no such file, or none that can be read. */
async function read(path: string): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined);
  try {
    const { size = 0 } = (await file?.stat()) ?? {};
    return size > fileLengthMax ? undefined : await file?.readFile("utf8");
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}
