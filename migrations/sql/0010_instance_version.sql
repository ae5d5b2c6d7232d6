-- breaks: nothing
ALTER TABLE landfall.instance ADD COLUMN version text;
COMMENT ON COLUMN landfall.instance.version IS 'Of the server. A migration that would break it waits for its end.';
