-- breaks: nothing
-- The change log: every committed change of every collection, once. How it is read: docs/protocol/change-log.md.

-- Both hand out one number at a time (cache 1): a number drawn later is greater, across all connections.
CREATE SEQUENCE landfall.version CACHE 1;
CREATE SEQUENCE landfall.seq CACHE 1;

-- A ring of partitions, emptied by TRUNCATE. `slot` says nothing about order: readers go by (xid, seq).
CREATE TABLE landfall.change (
  xid             xid8        NOT NULL DEFAULT pg_current_xact_id(),
  seq             int8        NOT NULL DEFAULT nextval('landfall.seq'),
  version         int8,
  at              timestamptz NOT NULL DEFAULT clock_timestamp(),
  collection      int4        NOT NULL,
  "schemaVersion" int4        NOT NULL,
  slot            int2        NOT NULL,
  op              "char"      NOT NULL,
  id              text COLLATE "C",
  after           jsonb,
  before          jsonb,
  sealed          jsonb,
  actor           text,
  request         text,
  mutation        text
) PARTITION BY LIST (slot);
COMMENT ON TABLE landfall.change IS 'op: i insert, u update, d delete, t truncate, s schema, r rules, x drop.';

-- older servers: the partitions are those of the table made above
DO $$
BEGIN
  FOR slot IN 0..15 LOOP
    EXECUTE format('CREATE TABLE landfall.change_%s PARTITION OF landfall.change FOR VALUES IN (%s)', slot, slot);
    EXECUTE format('CREATE INDEX change_%s_xid_seq ON landfall.change_%s (xid, seq)', slot, slot);
  END LOOP;
END $$;

CREATE TABLE landfall.ring (
  one          bool PRIMARY KEY DEFAULT true CHECK (one),
  slots        int2 NOT NULL,
  current      int2 NOT NULL,
  "advancedAt" timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE landfall.ring IS 'Where the capture triggers write now. The leader advances it, only into an empty slot.';
INSERT INTO landfall.ring (slots, current) VALUES (16, 0);

-- Points the row triggers at a slot: `landfall.append` names the partition, because finding it anew for each row (through
-- the parent, or by reading landfall.ring) costs as much as a third of the trigger. A writer that still holds the former
-- text writes into the former slot, which is as good: a slot is emptied only under a lock, once ticks see all of it.
CREATE FUNCTION landfall.aim(slot int2) RETURNS int2 LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format($body$
    CREATE OR REPLACE FUNCTION landfall.append(c int4, sv int4, o "char", i text, v int8, a jsonb, b jsonb, s jsonb)
    RETURNS bool LANGUAGE plpgsql AS $append$
    BEGIN
      INSERT INTO landfall.change_%1$s
        (slot, collection, "schemaVersion", op, id, version, after, before, sealed, actor, request, mutation)
        VALUES (%1$s, c, sv, o, i, v, a, b, s, nullif(current_setting('landfall.actor', true), ''),
                nullif(current_setting('landfall.request', true), ''), nullif(current_setting('landfall.mutation', true), ''));
      RETURN true;
    END $append$ $body$, slot);
  RETURN slot;
END $$;
-- older servers: makes landfall.append, which is new
SELECT landfall.aim(current) FROM landfall.ring;
COMMENT ON FUNCTION landfall.append IS 'One entry into the current slot, for the row triggers. Called only by functions of the log''s owner.';

-- An epoch is one history. Cursors of another epoch are worth nothing.
CREATE TABLE landfall.epoch (
  number             int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id                 text NOT NULL UNIQUE,
  reason             text NOT NULL,
  "systemIdentifier" text,
  timeline           text,
  "oldestTick"       int8 NOT NULL,
  "createdAt"        timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE landfall.tick (
  id          int8 PRIMARY KEY,
  snapshot    pg_snapshot NOT NULL,
  nonce       text NOT NULL,
  changes     int8 NOT NULL,
  total       int8 NOT NULL,
  collections int4[] NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE landfall.tick IS 'A saved snapshot. A batch is what a later tick sees and an earlier one does not. total: changes since the epoch began.';

CREATE TABLE landfall.leader (
  one    bool PRIMARY KEY DEFAULT true CHECK (one),
  holder text,
  until  timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO landfall.leader (until) VALUES ('-infinity');

CREATE TABLE landfall.reader (
  name        text PRIMARY KEY,
  epoch       text NOT NULL,
  tick        int8 NOT NULL,
  nonce       text NOT NULL,
  "pageTick"  int8,
  "pageNonce" text,
  "pageSeq"   int8,
  lost        bool NOT NULL DEFAULT false,
  holder      text,
  until       timestamptz NOT NULL DEFAULT '-infinity',
  "movedAt"   timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON TABLE landfall.reader IS 'Durable readers: how far each has come, and which process runs it.';

-- Sets the system columns of every collection, while the row lock is held. A writer's own values for them are ignored;
-- an update that changes nothing keeps its version. `landfall.joined` marks the touch of an owner by its join table.
CREATE FUNCTION landfall.stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW."createdAt" := now();
    NEW."updatedAt" := NEW."createdAt";
  ELSE
    NEW."createdAt" := OLD."createdAt";
    NEW."updatedAt" := OLD."updatedAt";
    NEW.version := OLD.version;
    IF NEW *= OLD AND coalesce(current_setting('landfall.joined', true), '') = '' THEN
      RETURN NEW;
    END IF;
    NEW."updatedAt" := greatest(OLD."updatedAt", now());
  END IF;
  NEW.version := nextval('landfall.version');
  RETURN NEW;
END $$;
