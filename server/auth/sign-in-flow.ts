// The shapes of what takes two steps: a mail is asked for, and what it says comes back.
import { z } from "zod";
import { product } from "../kernel/product.ts";

/** What `newSecret` makes; whatever else comes is refused by its form. */
export const secretSchema = z
  .string()
  .max(64)
  .regex(new RegExp(`^${product.secretPrefixes.challenge}`), "is no secret of a link or a flow")
  .meta({ description: "From the link in the mail.", example: "lf_one_…" });
export const flowSchema = secretSchema.meta({ description: "As the first step answered it.", example: "lf_one_…" });
export const codeSchema = z
  .string()
  .regex(/^\d{6}$/, "must have six digits")
  .meta({ description: "From the mail.", example: "123456" });

export const startedSchema = z
  .object({ flow: z.string(), expiresAt: z.iso.datetime() })
  .meta({ id: "Flow", description: "A first step that waits for its second. `flow` goes with the code." });
export const startedExample = { flow: "lf_one_…", expiresAt: "2026-01-01T00:10:00.000Z" };

/** The second step: a code together with its flow, or a link's token. */
export const givenBack = z
  .union([z.strictObject({ flow: flowSchema, code: codeSchema }), z.strictObject({ token: secretSchema })])
  .meta({ example: { flow: "lf_one_…", code: "123456" } });
