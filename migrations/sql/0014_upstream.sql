-- breaks: nothing
-- Who else may vouch for the users of an app: providers of sign-in, one row for each that an admin set up.

CREATE TABLE landfall."authProvider" (
  id text PRIMARY KEY,
  "collectionId" int NOT NULL REFERENCES landfall.collection (id) ON DELETE CASCADE,
  name text COLLATE "C" NOT NULL,
  config jsonb NOT NULL,
  "secretSealed" text,
  revision int NOT NULL DEFAULT 1,
  "createdAt" timestamptz(3) NOT NULL,
  "updatedAt" timestamptz(3) NOT NULL,
  UNIQUE ("collectionId", name)
);
COMMENT ON TABLE landfall."authProvider" IS 'Providers that users of a collection may sign in with; identities name their issuer, not this row.';

-- Tokens of others that may be shown once: the row stays until the token would have ended anyway.
CREATE TABLE landfall."spentToken" (
  "tokenHash" text COLLATE "C" PRIMARY KEY,
  "expiresAt" timestamptz(3) NOT NULL
);
CREATE INDEX "spentToken_expiresAt" ON landfall."spentToken" ("expiresAt");
COMMENT ON TABLE landfall."spentToken" IS 'SHA-256 of id tokens and assertions that were taken; none is taken twice.';
