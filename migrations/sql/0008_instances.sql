-- breaks: nothing
CREATE UNLOGGED TABLE landfall.instance (
  id text COLLATE "C" PRIMARY KEY,
  "seenAt" timestamptz NOT NULL
);
COMMENT ON TABLE landfall.instance IS 'Server processes alive now, by their last sign of life. Unlogged: after a crash they register again.';
