-- breaks: nothing
CREATE TABLE landfall."idempotencyKey" (
  principal text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL,
  status int NOT NULL,
  headers jsonb NOT NULL,
  body text,
  "createdAt" timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (principal, route, key)
);
CREATE INDEX "idempotencyKey_createdAt" ON landfall."idempotencyKey" ("createdAt");
COMMENT ON TABLE landfall."idempotencyKey" IS 'Answers by Idempotency-Key, committed with their effect; kept for 24 hours.';
