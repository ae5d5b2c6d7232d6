// The shapes of second factors over HTTP.
import { z } from "zod";
import type { FactorRow } from "./factor-store.ts";
import { pageOf } from "./types.ts";

const time = z.iso.datetime();

export const totpCode = z
  .string()
  .regex(/^\d{6}$/, "is not six digits")
  .meta({ description: "Six digits.", example: "123456" });
export const recoveryCode = z.string().min(16).max(40).meta({ example: "7Q2M-X0VD-K9TR-3HBN" });
export const newFactorName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}]*$/u, "holds control characters")
  .default("Authenticator app");

const factorSchema = z
  .object({
    id: z.string(),
    kind: z.literal("totp"),
    name: z.string(),
    createdAt: time,
    lastUsedAt: time.nullable(),
  })
  .meta({ id: "Factor", description: "A second factor." });

export const factorListSchema = pageOf(factorSchema)
  .extend({ recoveryCodesLeft: z.number().int() })
  .meta({ id: "FactorList", description: "A user's second factors." });

export const factorOfferSchema = z
  .object({
    id: z.string(),
    secret: z.string().meta({ description: "Base32, for typing." }),
    uri: z.string().meta({ description: "`otpauth:`, opens an authenticator app." }),
    qr: z.string().meta({ description: "The same as an image: an SVG document." }),
  })
  .meta({ id: "FactorOffer", description: "What an authenticator app needs. Shown once." });

export const recoveryCodesSchema = z
  .object({ recoveryCodes: z.array(z.string()).meta({ description: "Shown once; empty where some are left." }) })
  .meta({ id: "RecoveryCodes", description: "Each one is good for one sign-in without the authenticator app." });

export const factorView = ({ id, name, createdAt, lastUsedAt }: FactorRow) => ({
  ...{ id, kind: "totp", name },
  ...{ createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null },
});

const factor = {
  ...{ id: "0197a7d2-7c00-7000-8000-000000000021", kind: "totp" as const, name: "Ann's phone" },
  ...{ createdAt: "2026-01-01T00:00:00.000Z", lastUsedAt: null },
};
export const factorExamples = {
  factor,
  list: { items: [factor], nextCursor: null, recoveryCodesLeft: 10 },
  offer: {
    ...{ id: factor.id, secret: "JBSWY3DPEHPK3PXP…", uri: "otpauth://totp/app.example.com:ann%40example.com?secret=…" },
    qr: "<svg …>",
  },
  codes: { recoveryCodes: ["7Q2M-X0VD-K9TR-3HBN"] },
};
