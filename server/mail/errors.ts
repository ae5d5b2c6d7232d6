// Every code this room may answer with.
import { defineErrors } from "../kernel/errors/index.ts";

export const errors = defineErrors({
  email_not_configured: {
    status: 503,
    says: "This needs an e-mail, and this server cannot send any.",
    advice: "Whoever runs the server sets LANDFALL_SMTP_URL; until then, use a way that needs no e-mail.",
  },
  mail_template_not_found: {
    status: 404,
    says: "There is no template with this name.",
    advice: "docs/guides/mail.md lists them.",
  },
  mail_not_found: {
    status: 404,
    says: "There is no mail with this id.",
    advice:
      "List them with GET /v1/mail; those that were sent are forgotten after a week, those of the mailbox after a day.",
  },
});
