-- breaks: nothing
-- NULL beyond 100,000 code points: a filter could else make a row build texts up to Postgres' own limit, which raises. The
-- bytes are known without reading a large text, and a code point has at most four.
CREATE FUNCTION landfall.expr_concat(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN octet_length(a) + octet_length(b) <= 400000 AND char_length(a) + char_length(b) <= 100000 THEN a || b END
$$;
