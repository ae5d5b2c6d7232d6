-- breaks: nothing
-- Mail on its way out. A row is written in the transaction that is the reason of the mail, and found by the sender after it
-- committed. What a mail says, and to whom, is sealed, and goes when the mail is sent.

CREATE TABLE landfall.mail (
  id text PRIMARY KEY,
  template text NOT NULL,
  locale text,
  -- waiting, sent, failed (given up), kept (nobody sends here: shown to admins), void (written for nobody, like the others)
  state text NOT NULL,
  sealed text,
  attempts int NOT NULL DEFAULT 0,
  "dueAt" timestamptz(3) NOT NULL,
  "createdAt" timestamptz(3) NOT NULL,
  "endedAt" timestamptz(3),
  failure text,
  CHECK (state IN ('waiting', 'sent', 'failed', 'kept', 'void'))
);
CREATE INDEX "mail_dueAt" ON landfall.mail ("dueAt") WHERE state = 'waiting';
CREATE INDEX "mail_createdAt" ON landfall.mail ("createdAt", id);
COMMENT ON COLUMN landfall.mail.sealed IS 'Recipient and values of the template, while they are needed.';
COMMENT ON COLUMN landfall.mail."dueAt" IS 'When a process may take it; moved on while one has it, so that a mail whose process died is taken again.';
