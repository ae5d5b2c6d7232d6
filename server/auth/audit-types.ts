// How an event of security is shown.
import { z } from "zod";
import { auditEvents } from "./audit-events.ts";

export const auditSchema = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    event: z.enum(auditEvents),
    actor: z.string().meta({ description: "Who did it: `user:<id>`, `admin:<id>`, `service`, `anonymous`." }),
    collection: z.string().nullable(),
    userId: z.string().nullable(),
    sessionId: z.string().nullable(),
    address: z.string().nullable(),
    agent: z.string().nullable(),
    requestId: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "AuditEntry", description: "An event of security: who did what to which account, from where." });

export const auditExample = {
  ...{ id: "0197a7d2-7c00-7000-8000-000000000041", at: "2026-01-01T00:00:00.000Z", event: "signed_in" as const },
  ...{ actor: "anonymous", collection: "users", userId: "0197a7d2-7c00-7000-8000-000000000011", sessionId: null },
  ...{ address: "203.0.113.7", agent: "Mozilla/5.0", requestId: "r1", detail: { amr: ["pwd"] } },
};
