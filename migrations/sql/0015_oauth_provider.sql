-- breaks: nothing
-- The server as an OAuth 2.1 and OpenID Connect provider: the programs that sign users in here, and what the protocol remembers
-- between two requests. A grant has the id of the session that it opened, so that whatever ends the session ends the grant, its
-- codes and its refresh tokens with it.

CREATE TABLE landfall."oauthClient" (
  id text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  type text NOT NULL,
  -- Whose users it may sign in; null for machines, which act for nobody.
  "collectionId" int REFERENCES landfall.collection (id) ON DELETE CASCADE,
  "redirectUris" text[] NOT NULL DEFAULT '{}',
  "signOutRedirectUris" text[] NOT NULL DEFAULT '{}',
  scopes text[] NOT NULL DEFAULT '{}',
  "secretHash" text COLLATE "C",
  -- Of machines only, as an API key has them.
  grants jsonb NOT NULL DEFAULT '[]',
  "homeUrl" text,
  "logoUrl" text,
  registered boolean NOT NULL DEFAULT false,
  revision int NOT NULL DEFAULT 1,
  "createdBy" text NOT NULL,
  "createdAt" timestamptz(3) NOT NULL,
  "updatedAt" timestamptz(3) NOT NULL
);
COMMENT ON TABLE landfall."oauthClient" IS 'Programs that sign users in by OpenID Connect, or ask for tokens of their own.';
COMMENT ON COLUMN landfall."oauthClient".registered IS 'It registered itself (RFC 7591): nobody here vouches for its name.';

CREATE TABLE landfall."oauthState" (
  model text NOT NULL,
  "idHash" text COLLATE "C" NOT NULL,
  "grantId" text REFERENCES landfall."userSession" (id) ON DELETE CASCADE,
  "clientId" text COLLATE "C" REFERENCES landfall."oauthClient" (id) ON DELETE CASCADE,
  "uidHash" text COLLATE "C",
  "userCodeHash" text COLLATE "C",
  sealed text NOT NULL,
  "consumedAt" timestamptz(3),
  "expiresAt" timestamptz(3) NOT NULL,
  PRIMARY KEY (model, "idHash")
);
CREATE INDEX "oauthState_grantId" ON landfall."oauthState" ("grantId");
CREATE INDEX "oauthState_clientId" ON landfall."oauthState" ("clientId");
CREATE INDEX "oauthState_uid" ON landfall."oauthState" ("uidHash");
CREATE INDEX "oauthState_userCode" ON landfall."oauthState" ("userCodeHash");
CREATE INDEX "oauthState_expiresAt" ON landfall."oauthState" ("expiresAt");
COMMENT ON TABLE landfall."oauthState" IS 'Codes, refresh tokens, grants and pending requests, by hash; what they hold is sealed.';

-- older servers: they make no session with a client, so its trigger never finds one
CREATE INDEX "userSession_clientId" ON landfall."userSession" ("clientId") WHERE "clientId" IS NOT NULL;

CREATE TRIGGER credential_changed AFTER UPDATE OF "secretHash", grants, type OR DELETE ON landfall."oauthClient"
  FOR EACH ROW EXECUTE FUNCTION landfall.credential_changed('client');

-- A client that is gone takes the sessions of its users with it; those tell every process by their own trigger.
CREATE FUNCTION landfall.client_ends() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM landfall."userSession" WHERE "clientId" = OLD.id;
  RETURN NULL;
END $$;
CREATE TRIGGER client_ends AFTER DELETE ON landfall."oauthClient"
  FOR EACH ROW EXECUTE FUNCTION landfall.client_ends();
