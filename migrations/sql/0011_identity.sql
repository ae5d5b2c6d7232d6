-- breaks: nothing
-- Who the users of apps are. Their profiles are records of collections of kind `auth`; what lets them in stands here, where no
-- generic route reaches. An account has an id of its own: a record that is deleted and made again with the same id is another
-- account, and nothing that belonged to the first one fits the second.

CREATE TABLE landfall.account (
  id text PRIMARY KEY DEFAULT gen_random_uuid()::text,
  "collectionId" int NOT NULL REFERENCES landfall.collection (id) ON DELETE CASCADE,
  "recordId" text COLLATE "C" NOT NULL,
  email text,
  "emailKey" text COLLATE "C",
  "emailVerifiedAt" timestamptz(3),
  username text,
  "usernameKey" text COLLATE "C",
  phone text COLLATE "C",
  "phoneVerifiedAt" timestamptz(3),
  "passwordHash" text,
  "passwordChangedAt" timestamptz(3),
  anonymous boolean NOT NULL DEFAULT false,
  roles text[] NOT NULL DEFAULT '{}',
  claims jsonb NOT NULL DEFAULT '{}',
  locale text,
  "suspendedAt" timestamptz(3),
  "suspendedFor" text,
  "createdAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  "updatedAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  "lastSignInAt" timestamptz(3),
  UNIQUE ("recordId"),
  UNIQUE ("collectionId", "emailKey"),
  UNIQUE ("collectionId", "usernameKey"),
  UNIQUE ("collectionId", phone)
);
COMMENT ON TABLE landfall.account IS 'How the user of a record in a collection of kind auth signs in. Made and removed with the record by a trigger.';
COMMENT ON COLUMN landfall.account."recordId" IS 'What rules know as auth.id, hence one of a kind over all collections of kind auth.';
COMMENT ON COLUMN landfall.account."emailKey" IS 'The address as it is compared: the one equality rule of docs/decisions/030-identity.md.';
COMMENT ON COLUMN landfall.account."passwordHash" IS 'PHC form; argon2id, or what an import brought until the next sign-in.';

CREATE TABLE landfall.identity (
  id text PRIMARY KEY,
  "accountId" text NOT NULL REFERENCES landfall.account (id) ON DELETE CASCADE,
  "collectionId" int NOT NULL REFERENCES landfall.collection (id) ON DELETE CASCADE,
  provider text NOT NULL,
  issuer text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  email text,
  "emailVerified" boolean NOT NULL DEFAULT false,
  profile jsonb NOT NULL DEFAULT '{}',
  "createdAt" timestamptz(3) NOT NULL,
  "lastUsedAt" timestamptz(3) NOT NULL,
  UNIQUE ("collectionId", issuer, subject)
);
CREATE INDEX identity_account ON landfall.identity ("accountId");
COMMENT ON TABLE landfall.identity IS 'Who an account is elsewhere: issuer and subject, never the e-mail address.';

CREATE TABLE landfall.device (
  id text PRIMARY KEY,
  "accountId" text NOT NULL REFERENCES landfall.account (id) ON DELETE CASCADE,
  name text NOT NULL,
  platform text NOT NULL,
  "appVersion" text,
  locale text,
  "timeZone" text,
  place text,
  address text NOT NULL,
  agent text NOT NULL,
  "firstSeenAt" timestamptz(3) NOT NULL,
  "lastSeenAt" timestamptz(3) NOT NULL
);
CREATE INDEX device_account ON landfall.device ("accountId", "lastSeenAt");

CREATE TABLE landfall."userSession" (
  id text PRIMARY KEY,
  "accountId" text NOT NULL REFERENCES landfall.account (id) ON DELETE CASCADE,
  "deviceId" text REFERENCES landfall.device (id) ON DELETE CASCADE,
  -- How it was opened: RFC 8176 values such as pwd, otp, hwk.
  amr text[] NOT NULL,
  "authenticatedAt" timestamptz(3) NOT NULL,
  -- Refresh tokens are derived, not stored: this is the number of the newest and the time it was first given.
  rotation int NOT NULL DEFAULT 0,
  "rotatedAt" timestamptz(3) NOT NULL,
  "keyThumbprint" text,
  "impersonatedBy" text,
  "clientId" text,
  address text NOT NULL,
  agent text NOT NULL,
  "createdAt" timestamptz(3) NOT NULL,
  "lastSeenAt" timestamptz(3) NOT NULL,
  "expiresAt" timestamptz(3) NOT NULL
);
CREATE INDEX "userSession_account" ON landfall."userSession" ("accountId", "createdAt");
CREATE INDEX "userSession_device" ON landfall."userSession" ("deviceId");
COMMENT ON COLUMN landfall."userSession"."expiresAt" IS 'The absolute limit; the idle limit counts from lastSeenAt.';
COMMENT ON COLUMN landfall."userSession"."keyThumbprint" IS 'RFC 7638 thumbprint of the device key that every refresh must prove (DPoP, RFC 9449).';

-- Second factors of users, and of admins.
CREATE TABLE landfall.factor (
  id text PRIMARY KEY,
  "accountId" text REFERENCES landfall.account (id) ON DELETE CASCADE,
  "adminId" text REFERENCES landfall.admin (id) ON DELETE CASCADE,
  kind text NOT NULL,
  name text NOT NULL,
  sealed text NOT NULL,
  -- The last time step whose code was taken: none is taken twice (RFC 6238 §5.2).
  "lastStep" int8 NOT NULL DEFAULT 0,
  "createdAt" timestamptz(3) NOT NULL,
  "confirmedAt" timestamptz(3),
  "lastUsedAt" timestamptz(3),
  CHECK (("accountId" IS NULL) <> ("adminId" IS NULL))
);
CREATE INDEX factor_account ON landfall.factor ("accountId");
CREATE INDEX factor_admin ON landfall.factor ("adminId");

CREATE TABLE landfall."recoveryCode" (
  "codeHash" text COLLATE "C" PRIMARY KEY,
  "accountId" text REFERENCES landfall.account (id) ON DELETE CASCADE,
  "adminId" text REFERENCES landfall.admin (id) ON DELETE CASCADE,
  "createdAt" timestamptz(3) NOT NULL,
  CHECK (("accountId" IS NULL) <> ("adminId" IS NULL))
);
CREATE INDEX "recoveryCode_account" ON landfall."recoveryCode" ("accountId");
CREATE INDEX "recoveryCode_admin" ON landfall."recoveryCode" ("adminId");
COMMENT ON TABLE landfall."recoveryCode" IS 'SHA-256 of codes with 80 random bits; the row goes when the code is used.';

-- WebAuthn credentials: a way to sign in, and a second factor.
CREATE TABLE landfall.passkey (
  id text COLLATE "C" PRIMARY KEY,
  "accountId" text NOT NULL REFERENCES landfall.account (id) ON DELETE CASCADE,
  "collectionId" int NOT NULL REFERENCES landfall.collection (id) ON DELETE CASCADE,
  name text NOT NULL,
  "publicKey" bytea NOT NULL,
  "userHandle" text COLLATE "C" NOT NULL,
  counter int8 NOT NULL,
  transports text[] NOT NULL,
  "backedUp" boolean NOT NULL,
  aaguid text NOT NULL,
  "createdAt" timestamptz(3) NOT NULL,
  "lastUsedAt" timestamptz(3)
);
CREATE INDEX passkey_account ON landfall.passkey ("accountId");

-- Everything that is sent out once and comes back once: codes, links, flows. Spent by one DELETE ... RETURNING.
CREATE TABLE landfall.challenge (
  id text PRIMARY KEY,
  purpose text NOT NULL,
  "collectionId" int REFERENCES landfall.collection (id) ON DELETE CASCADE,
  "accountId" text REFERENCES landfall.account (id) ON DELETE CASCADE,
  "secretHash" text COLLATE "C" UNIQUE,
  "codeHash" text COLLATE "C",
  "linkHash" text COLLATE "C" UNIQUE,
  "triesLeft" int NOT NULL DEFAULT 5,
  "sealed" text,
  "createdAt" timestamptz(3) NOT NULL,
  "expiresAt" timestamptz(3) NOT NULL
);
CREATE INDEX challenge_account ON landfall.challenge ("accountId", purpose);
CREATE INDEX "challenge_expiresAt" ON landfall.challenge ("expiresAt");

CREATE TABLE landfall.team (
  id text COLLATE "C" PRIMARY KEY,
  "collectionId" int NOT NULL REFERENCES landfall.collection (id) ON DELETE CASCADE,
  name text NOT NULL,
  "createdAt" timestamptz(3) NOT NULL,
  "updatedAt" timestamptz(3) NOT NULL
);
CREATE INDEX team_collection ON landfall.team ("collectionId", id);

CREATE TABLE landfall."teamMember" (
  "teamId" text NOT NULL REFERENCES landfall.team (id) ON DELETE CASCADE,
  "accountId" text NOT NULL REFERENCES landfall.account (id) ON DELETE CASCADE,
  roles text[] NOT NULL DEFAULT '{}',
  "createdAt" timestamptz(3) NOT NULL,
  PRIMARY KEY ("teamId", "accountId")
);
CREATE INDEX "teamMember_account" ON landfall."teamMember" ("accountId");
COMMENT ON TABLE landfall."teamMember" IS 'Rules see auth.teams: the id of each team, and <team>:<role> for each role in it.';

CREATE TABLE landfall."signingKey" (
  kid text PRIMARY KEY,
  algorithm text NOT NULL,
  "publicJwk" jsonb NOT NULL,
  "privateSealed" text NOT NULL,
  "createdAt" timestamptz(3) NOT NULL,
  "signsFrom" timestamptz(3) NOT NULL,
  "signsUntil" timestamptz(3) NOT NULL,
  "verifiesUntil" timestamptz(3) NOT NULL
);

CREATE TABLE landfall."authSetting" (
  "collectionId" int PRIMARY KEY REFERENCES landfall.collection (id) ON DELETE CASCADE,
  settings jsonb NOT NULL,
  revision int8 NOT NULL DEFAULT 1,
  "updatedAt" timestamptz(3) NOT NULL
);

CREATE TABLE landfall.audit (
  id text PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  event text NOT NULL,
  actor text NOT NULL,
  "accountId" text,
  "collectionId" int,
  "recordId" text,
  "sessionId" text,
  address text,
  agent text,
  "requestId" text,
  detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_account ON landfall.audit ("accountId", id);
CREATE INDEX audit_event ON landfall.audit (event, id);
COMMENT ON TABLE landfall.audit IS 'Every event of security, written in the transaction that makes it true. Outlives the account it speaks of.';

-- What every process must forget. Rows are written by triggers in the transaction of the change, and read by all processes
-- about once a second: from the transactions that their last look could not see.
CREATE TABLE landfall."credentialChange" (
  id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject text NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX "credentialChange_xid" ON landfall."credentialChange" (xid);
COMMENT ON TABLE landfall."credentialChange" IS 'Credentials that ended or changed, as `<kind>:<id>`; kept for an hour.';

CREATE FUNCTION landfall.credential_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO landfall."credentialChange" (subject) VALUES (TG_ARGV[0] || ':' || OLD.id);
  RETURN NULL;
END $$;

-- older servers: it adds a row to a table they do not know, after a change that they make seldom
CREATE TRIGGER credential_changed AFTER DELETE ON landfall.session
  FOR EACH ROW EXECUTE FUNCTION landfall.credential_changed('session');
CREATE TRIGGER credential_changed AFTER DELETE ON landfall."userSession"
  FOR EACH ROW EXECUTE FUNCTION landfall.credential_changed('userSession');
-- older servers: it adds a row to a table they do not know, after a change that they make seldom
CREATE TRIGGER credential_changed AFTER UPDATE OF "secretHash", grants, "readOnly", extra, "actAs", "expiresAt" OR DELETE ON landfall."apiKey"
  FOR EACH ROW EXECUTE FUNCTION landfall.credential_changed('key');
-- older servers: it adds a row to a table they do not know, after a change that they make seldom
CREATE TRIGGER credential_changed AFTER UPDATE OF role, email OR DELETE ON landfall.admin
  FOR EACH ROW EXECUTE FUNCTION landfall.credential_changed('admin');
CREATE TRIGGER credential_changed AFTER UPDATE OF roles, claims, anonymous, "suspendedAt", "recordId" OR DELETE ON landfall.account
  FOR EACH ROW EXECUTE FUNCTION landfall.credential_changed('account');

CREATE FUNCTION landfall.membership_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO landfall."credentialChange" (subject) VALUES ('account:' || OLD."accountId");
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO landfall."credentialChange" (subject) VALUES ('account:' || NEW."accountId");
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER membership_changed AFTER INSERT OR UPDATE OR DELETE ON landfall."teamMember"
  FOR EACH ROW EXECUTE FUNCTION landfall.membership_changed();

-- On the tables of collections of kind auth: the account comes and goes with its record, whoever writes it.
CREATE FUNCTION landfall.account_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- UPDATE OF id fires for whatever names the column, as an upsert of a whole row does.
  IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM landfall.account WHERE "collectionId" = TG_ARGV[0]::int AND "recordId" = OLD.id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO landfall.account ("collectionId", "recordId") VALUES (TG_ARGV[0]::int, NEW.id);
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION landfall.accounts_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM landfall.account WHERE "collectionId" = TG_ARGV[0]::int;
  RETURN NULL;
END $$;
