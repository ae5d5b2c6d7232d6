-- breaks: nothing
-- The schema itself is made by the runner, which also refuses a schema named landfall that is not ours.
CREATE TABLE landfall.meta (
  key text PRIMARY KEY,
  value jsonb NOT NULL
);
COMMENT ON TABLE landfall.meta IS 'One row per fact about this installation: its id, its secrets sealed with the master key.';
