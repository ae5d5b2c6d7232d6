-- breaks: nothing
-- Who may ask: admins and their sessions, API keys, and the exact limiter that guards password checks.
-- No secret is stored: passwords as argon2id, tokens and keys as SHA-256 of a random secret.

CREATE TABLE landfall.admin (
  id text PRIMARY KEY,
  email text COLLATE "C" NOT NULL UNIQUE,
  "passwordHash" text,
  "passwordExpiresAt" timestamptz(3),
  role text NOT NULL DEFAULT 'owner' CHECK (role IN ('owner')),
  "createdAt" timestamptz(3) NOT NULL,
  "updatedAt" timestamptz(3) NOT NULL
);
COMMENT ON COLUMN landfall.admin.email IS 'ASCII only, lower-cased: the one equality rule for admin e-mail addresses.';
COMMENT ON COLUMN landfall.admin."passwordHash" IS 'argon2id in PHC form; null after a one-time password was used and before a new one is set.';
COMMENT ON COLUMN landfall.admin."passwordExpiresAt" IS 'Set: the password is a one-time password from the command line, good once and until then.';

CREATE TABLE landfall.session (
  id text PRIMARY KEY,
  "adminId" text NOT NULL REFERENCES landfall.admin (id) ON DELETE CASCADE,
  "tokenHash" text COLLATE "C" NOT NULL UNIQUE,
  address text NOT NULL,
  agent text NOT NULL,
  "createdAt" timestamptz(3) NOT NULL,
  "lastSeenAt" timestamptz(3) NOT NULL,
  "expiresAt" timestamptz(3) NOT NULL
);
CREATE INDEX session_admin ON landfall.session ("adminId", "createdAt");
COMMENT ON COLUMN landfall.session."lastSeenAt" IS 'Written at most once a minute; the idle limit counts from here.';

CREATE TABLE landfall."knownAddress" (
  "adminId" text NOT NULL REFERENCES landfall.admin (id) ON DELETE CASCADE,
  address text NOT NULL,
  "lastSignInAt" timestamptz(3) NOT NULL,
  PRIMARY KEY ("adminId", address)
);
COMMENT ON TABLE landfall."knownAddress" IS 'Where an admin signed in from: such an address has a password budget of its own that strangers cannot use up.';

CREATE TABLE landfall."apiKey" (
  id text PRIMARY KEY,
  name text NOT NULL,
  "secretHash" text COLLATE "C" NOT NULL UNIQUE,
  prefix text NOT NULL,
  last4 text NOT NULL,
  grants jsonb NOT NULL,
  "readOnly" boolean NOT NULL,
  extra text[] NOT NULL,
  "actAs" jsonb,
  revision int8 NOT NULL DEFAULT 1,
  "createdBy" text NOT NULL,
  "createdAt" timestamptz(3) NOT NULL,
  "updatedAt" timestamptz(3) NOT NULL,
  "expiresAt" timestamptz(3),
  "lastUsedAt" timestamptz(3)
);
COMMENT ON COLUMN landfall."apiKey".grants IS 'List of {collection, actions}; collection is the definition''s id or "*", so that a dropped and re-created name inherits nothing.';
COMMENT ON COLUMN landfall."apiKey".revision IS 'Grows with each change; an unchanged revision keeps the actor object that caches hang on.';

CREATE TABLE landfall.throttle (
  key text COLLATE "C" PRIMARY KEY,
  "fullAtMs" float8 NOT NULL
);
COMMENT ON TABLE landfall.throttle IS 'Exact limits shared by all processes: the moment (ms since the epoch) at which the budget of a key is whole again.';
