-- breaks: nothing
-- What the records room keeps beside the collections' own tables.

CREATE TABLE landfall.denial (
  id text COLLATE "C" PRIMARY KEY,
  at timestamptz NOT NULL,
  collection text COLLATE "C" NOT NULL,
  operation text NOT NULL,
  clause text NOT NULL,
  rule text,
  record text,
  field text,
  actor text NOT NULL,
  request text NOT NULL,
  door text NOT NULL,
  dropped int NOT NULL DEFAULT 0
);
CREATE INDEX denial_collection ON landfall.denial (collection, id);
COMMENT ON TABLE landfall.denial IS 'The last refusals by rules, for admins. Bounded; dropped: how many more found no room just then.';

CREATE TABLE landfall.import (
  id text COLLATE "C" PRIMARY KEY,
  collection int4 NOT NULL,
  actor text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  lines int8 NOT NULL DEFAULT 0,
  imported int8 NOT NULL DEFAULT 0,
  failed int8 NOT NULL DEFAULT 0,
  errors jsonb NOT NULL DEFAULT '[]',
  "startedAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  "updatedAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE landfall.import IS 'How far each import has come. A chunk and its line here commit together, so a repeat starts behind the last chunk.';

-- RFC 7396 over jsonb, for PATCH of json fields. Depth is bounded by what the server lets into a json field.
CREATE FUNCTION landfall.merge_patch(target jsonb, patch jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result jsonb;
  member record;
BEGIN
  IF patch IS NULL OR jsonb_typeof(patch) <> 'object' THEN
    RETURN patch;
  END IF;
  result := CASE WHEN jsonb_typeof(target) = 'object' THEN target ELSE '{}' END;
  FOR member IN SELECT key, value FROM jsonb_each(patch) LOOP
    IF jsonb_typeof(member.value) = 'null' THEN
      result := result - member.key;
    ELSE
      result := jsonb_set(result, ARRAY[member.key], landfall.merge_patch(result -> member.key, member.value), true);
    END IF;
  END LOOP;
  RETURN result;
END $$;
