// Sender and recipient. Only plain ASCII addresses get as far as a header, so that nobody writes a second one (CRLF), adds a
// recipient (comma) or a name that says something else.
import { Exit } from "../kernel/exit.ts";

export interface Sender {
  /** Empty when the setting gives none. */
  readonly name: string;
  readonly address: string;
}

const address = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

export const isMailAddress = (text: string): boolean => text.length <= 254 && address.test(text);

/** `no-reply@example.com`, or a name and the address in angle brackets. Throws Exit `config_invalid`. */
export function senderOf(mailFrom: string | undefined, publicUrl: string): Sender {
  if (mailFrom === undefined) return { name: "", address: `no-reply@${hostOf(publicUrl)}` };
  const named = /^\s*"?([^"<>\p{Cc}]{0,100}?)"?\s*<([^<>]*)>\s*$/u.exec(mailFrom);
  const sender = { name: named?.[1] ?? "", address: named?.[2] ?? mailFrom.trim() };
  if (!isMailAddress(sender.address))
    throw new Exit("config_invalid", "LANDFALL_MAIL_FROM is no sender, such as no-reply@example.com or Example App <no-reply@example.com>."); // biome-ignore format: one line
  return sender;
}

/** An IP address stands in brackets (RFC 5321 §4.1.3), which our own form of addresses does not know: then there is a made-up name. */
export function hostOf(publicUrl: string): string {
  const { hostname } = new URL(publicUrl);
  return /^[\d.]+$|^\[/.test(hostname) ? "landfall.invalid" : hostname;
}
