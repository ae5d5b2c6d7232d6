// What the product's own mails say, in the languages that it ships. One wording gives both parts of a mail (mail-layout.ts).
import type { MailTemplate } from "./types.ts";

/** Texts with places, `{{appName}}`. A code and a link stand between `lead` and `close`, where the mail has them. */
export interface Wording {
  readonly subject: string;
  readonly heading: string;
  readonly lead: readonly string[];
  /** What the button that follows the link says. */
  readonly action?: string;
  readonly close: readonly string[];
}

export type Wordings = { readonly [template in MailTemplate]: Wording };

const ignore = "If it was not you, ignore this mail. Nothing happens without the code or the link.";
const notYou = "If it was not you, set a new password and end the sessions you do not know.";

const en: Wordings = {
  signUpConfirm: {
    subject: "{{code}} is your code for {{appName}}",
    heading: "Confirm your e-mail address",
    lead: ["Somebody, we hope you, is making an account at {{appName}} with this address.", "Type this code where you signed up, or go on by the link and the password you chose."],
    action: "Confirm the address",
    close: [ignore],
  }, // biome-ignore format: texts
  signUpKnown: {
    subject: "You have an account at {{appName}}",
    heading: "You have an account already",
    lead: ["Somebody, perhaps you, wanted to make an account at {{appName}} with this address. There is one already: sign in, or set a new password if you forgot yours."],
    action: "Sign in",
    close: ["If it was not you, there is nothing to do: nobody was told that you have an account."],
  }, // biome-ignore format: texts
  signInCode: {
    subject: "Sign in to {{appName}}",
    heading: "Sign in to {{appName}}",
    lead: ["This signs you in, once."],
    action: "Sign in",
    close: ["Give the code to nobody, and type it only where you asked for it.", ignore],
  },
  emailVerify: {
    subject: "{{code}} confirms your address at {{appName}}",
    heading: "Confirm your e-mail address",
    lead: ["Type this code into {{appName}}."],
    close: [ignore],
  },
  emailChange: {
    subject: "{{code}} is your code to change the address at {{appName}}",
    heading: "Change of your e-mail address",
    lead: ["The e-mail address of an account at {{appName}} is to become {{newEmail}}. Type this code there to agree."],
    close: ["If it was not you, do not give the code to anybody, and change your password."],
  },
  emailChanged: {
    subject: "Your e-mail address at {{appName}} was changed",
    heading: "Your e-mail address was changed",
    lead: ["Your account at {{appName}} now has the address {{newEmail}}."],
    close: ["If it was not you, write to the people who run {{appName}} at once."],
  },
  passwordReset: {
    subject: "Set a new password at {{appName}}",
    heading: "Set a new password",
    lead: ["Somebody, we hope you, asked for a new password at {{appName}}. Follow the link, or type this code where you asked."],
    action: "Set a new password",
    close: [ignore],
  }, // biome-ignore format: texts
  passwordChanged: {
    subject: "Your password at {{appName}} was changed",
    heading: "Your password was changed",
    lead: ["The password of your account at {{appName}} was changed, and other devices were signed out."],
    close: ["If it was not you, set a new one now: ask for it where you sign in."],
  },
  newDevice: {
    subject: "New sign-in to {{appName}}",
    heading: "A new device signed in",
    lead: ["Your account at {{appName}} was used on a device that it was never used on before."],
    close: [notYou],
  },
  invitation: {
    subject: "You are invited to {{appName}}",
    heading: "You are invited",
    lead: ["{{inviterName}} invites you to {{teamName}} at {{appName}}."],
    action: "Accept the invitation",
    close: ["If you did not expect this, ignore it."],
  },
  test: {
    subject: "A mail from {{appName}}",
    heading: "It works",
    lead: ["This server can send mail."],
    close: [],
  },
};

const deIgnore = "Wenn Sie das nicht waren, brauchen Sie nichts zu tun: Ohne Code oder Link geschieht nichts.";

const de: Wordings = {
  signUpConfirm: {
    subject: "{{code}} ist Ihr Code für {{appName}}",
    heading: "E-Mail-Adresse bestätigen",
    lead: ["Jemand, hoffentlich Sie, legt bei {{appName}} ein Konto mit dieser Adresse an.", "Geben Sie diesen Code dort ein, wo Sie sich registriert haben, oder machen Sie über den Link mit Ihrem Passwort weiter."],
    action: "Adresse bestätigen",
    close: [deIgnore],
  }, // biome-ignore format: texts
  signUpKnown: {
    subject: "Sie haben ein Konto bei {{appName}}",
    heading: "Sie haben schon ein Konto",
    lead: ["Jemand, vielleicht Sie, wollte bei {{appName}} ein Konto mit dieser Adresse anlegen. Es gibt schon eines: Melden Sie sich an, oder setzen Sie ein neues Passwort, wenn Sie Ihres vergessen haben."],
    action: "Anmelden",
    close: ["Wenn Sie das nicht waren, brauchen Sie nichts zu tun: Niemand hat erfahren, dass Sie ein Konto haben."],
  }, // biome-ignore format: texts
  signInCode: {
    subject: "Anmelden bei {{appName}}",
    heading: "Anmelden bei {{appName}}",
    lead: ["Hiermit melden Sie sich an, einmal."],
    action: "Anmelden",
    close: ["Geben Sie den Code niemandem, und geben Sie ihn nur dort ein, wo Sie ihn angefordert haben.", deIgnore],
  },
  emailVerify: {
    subject: "{{code}} bestätigt Ihre Adresse bei {{appName}}",
    heading: "E-Mail-Adresse bestätigen",
    lead: ["Geben Sie diesen Code in {{appName}} ein."],
    close: [deIgnore],
  },
  emailChange: {
    subject: "{{code}} ist Ihr Code für die neue Adresse bei {{appName}}",
    heading: "Änderung Ihrer E-Mail-Adresse",
    lead: ["Die E-Mail-Adresse eines Kontos bei {{appName}} soll {{newEmail}} werden. Geben Sie dort diesen Code ein, wenn Sie einverstanden sind."],
    close: ["Wenn Sie das nicht waren, geben Sie den Code niemandem und ändern Sie Ihr Passwort."],
  }, // biome-ignore format: texts
  emailChanged: {
    subject: "Ihre E-Mail-Adresse bei {{appName}} wurde geändert",
    heading: "Ihre E-Mail-Adresse wurde geändert",
    lead: ["Ihr Konto bei {{appName}} hat jetzt die Adresse {{newEmail}}."],
    close: ["Wenn Sie das nicht waren, schreiben Sie sofort den Betreibern von {{appName}}."],
  },
  passwordReset: {
    subject: "Neues Passwort bei {{appName}}",
    heading: "Neues Passwort setzen",
    lead: ["Jemand, hoffentlich Sie, möchte bei {{appName}} ein neues Passwort. Folgen Sie dem Link, oder geben Sie diesen Code dort ein, wo Sie ihn angefordert haben."],
    action: "Neues Passwort setzen",
    close: [deIgnore],
  }, // biome-ignore format: texts
  passwordChanged: {
    subject: "Ihr Passwort bei {{appName}} wurde geändert",
    heading: "Ihr Passwort wurde geändert",
    lead: ["Das Passwort Ihres Kontos bei {{appName}} wurde geändert, und andere Geräte wurden abgemeldet."],
    close: ["Wenn Sie das nicht waren, setzen Sie jetzt ein neues: dort, wo Sie sich anmelden."],
  },
  newDevice: {
    subject: "Neue Anmeldung bei {{appName}}",
    heading: "Ein neues Gerät hat sich angemeldet",
    lead: ["Ihr Konto bei {{appName}} wurde auf einem Gerät benutzt, auf dem es noch nie benutzt wurde."],
    close: [
      "Wenn Sie das nicht waren, setzen Sie ein neues Passwort und beenden Sie die Sitzungen, die Sie nicht kennen.",
    ],
  },
  invitation: {
    subject: "Sie sind zu {{appName}} eingeladen",
    heading: "Sie sind eingeladen",
    lead: ["{{inviterName}} lädt Sie zu {{teamName}} bei {{appName}} ein."],
    action: "Einladung annehmen",
    close: ["Wenn Sie das nicht erwartet haben, brauchen Sie nichts zu tun."],
  },
  test: {
    subject: "Eine E-Mail von {{appName}}",
    heading: "Es funktioniert",
    lead: ["Dieser Server kann E-Mails verschicken."],
    close: [],
  },
};

/** By language; `en` is what everybody else gets. */
export const shippedTexts: { readonly [language: string]: Wordings } = { en, de };

/** What a new-device mail lists, and what else stands beside texts. */
export const labels: { readonly [language: string]: { readonly [name: string]: string } } = {
  en: { deviceName: "Device", place: "Place", address: "Network address", at: "Time" },
  de: { deviceName: "Gerät", place: "Ort", address: "Netzadresse", at: "Zeit" },
};
