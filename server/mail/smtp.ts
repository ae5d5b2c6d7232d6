// The only way out for mail: nodemailer over SMTP. Everything is bounded in time, and nothing that a template says makes it
// read files or fetch addresses.
import type { Transporter } from "nodemailer";
import { Exit } from "../kernel/exit.ts";

export interface Letter {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string | undefined;
  readonly atMs: number;
}

/** What became of a letter. `later`: the fault may pass. `never`: the server will not take this one. */
export type Delivery =
  | { readonly outcome: "sent"; readonly answer: string }
  | { readonly outcome: "later" | "never"; readonly answer: string };

export interface Smtp {
  deliver(letter: Letter): Promise<Delivery>;
  close(): void;
}

export interface SmtpOptions {
  /** LANDFALL_SMTP_URL. */
  readonly url: string;
  readonly from: { readonly name: string; readonly address: string };
  /** For Message-ID. */
  readonly host: string;
}

const connectionsMax = 4;
const answerLengthMax = 300;

/** Throws Exit `config_invalid` for a URL that cannot be used. */
export function createSmtp({ url, from, host }: SmtpOptions): Smtp {
  const server = serverOf(url);
  let transport: Promise<Transporter> | undefined;
  const open = () => {
    transport ??= import("nodemailer").then(({ createTransport }) => createTransport(server) as Transporter);
    return transport;
  };
  return {
    async deliver({ id, to, subject, text, html, atMs }) {
      try {
        const sent = await (await open()).sendMail({
          from,
          to: { name: "", address: to },
          ...{ subject, text, ...(html !== undefined && { html }) },
          messageId: `<${id}@${host}>`,
          date: new Date(atMs),
          // RFC 3834: nobody's holiday note answers these.
          headers: { "Auto-Submitted": "auto-generated" },
        });
        return { outcome: "sent", answer: short(String((sent as { response?: unknown }).response ?? "")) };
      } catch (error) {
        return refusal(error);
      }
    },
    close() {
      transport?.then((opened) => opened.close()).catch(() => {});
      transport = undefined;
    },
  };
}

function serverOf(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === "smtps:";
  try {
    const auth = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
    return {
      ...{ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (secure ? 465 : 587)), secure },
      // A password goes only through TLS; whoever has none may send in clear, as to a relay on the same machine.
      ...(username !== "" && { auth, requireTLS: !secure }),
      ...{ pool: true as const, maxConnections: connectionsMax, disableFileAccess: true, disableUrlAccess: true },
      ...{ connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 },
    };
  } catch {
    throw new Exit("config_invalid", "LANDFALL_SMTP_URL: user and password must be percent-encoded.");
  }
}

/** Only what the server says about this very letter is final: wrong credentials or a full disk are mended, and it goes out then. */
function refusal(error: unknown): Delivery {
  const { code, responseCode, message } = error as { code?: string; responseCode?: number; message?: string };
  const final = (code === "EENVELOPE" || code === "EMESSAGE") && responseCode !== undefined && responseCode >= 500;
  return { outcome: final ? "never" : "later", answer: short(message ?? "the mail server cannot be reached") };
}

const short = (text: string) => text.replace(/\p{Cc}+/gu, " ").slice(0, answerLengthMax);
