-- breaks: nothing
-- One row per collection. `id` is an identity that is never handed out twice: what hangs on a collection (log entries, key
-- scopes, caches) must not come back to life when a name is used again after a drop.
CREATE TABLE landfall.collection (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  -- json, not jsonb: members stay in the order in which people wrote and read them.
  definition json NOT NULL,
  "schemaVersion" int8 NOT NULL,
  "createdAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  "updatedAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE landfall.collection IS 'Definitions of the collections, whose records live in tables of schema public.';

-- The single row that every change of a definition locks and counts up: it puts such changes in a row, and tells the
-- other processes with one cheap read that their picture is old.
CREATE TABLE landfall.schema_version (
  single bool PRIMARY KEY DEFAULT true CHECK (single),
  version int8 NOT NULL
);
INSERT INTO landfall.schema_version (version) VALUES (0);
