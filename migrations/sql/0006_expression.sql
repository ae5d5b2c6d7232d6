-- breaks: nothing
-- Total forms for the expression language: each answers NULL where plain SQL would raise (overflow, bad text, no such
-- place). They are IMMUTABLE and read no setting, so that indexes and parallel plans may use them. SQL functions are
-- inlined by the planner, hence not STRICT; the PL/pgSQL ones need their order of evaluation.

CREATE FUNCTION landfall.expr_int(v int8) RETURNS int8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN v BETWEEN -9007199254740991 AND 9007199254740991 THEN v END $$;

CREATE FUNCTION landfall.expr_mul(a int8, b int8) RETURNS int8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(a::numeric * b::numeric) <= 9007199254740991 THEN a * b END $$;

-- Doubles: Postgres raises on overflow and on underflow to zero, IEEE (and JavaScript) gives infinity and zero. Operands are
-- scaled by powers of two, which is exact, into a range where the operation cannot raise; there the edge can be compared.
CREATE FUNCTION landfall.expr_double_add(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  -- A sum can only overflow when both have one sign and both are large; below 2^900 the smaller cannot carry the larger over.
  IF (a < 0) <> (b < 0) OR abs(a) < 2::float8 ^ 900 OR abs(b) < 2::float8 ^ 900 THEN RETURN a + b; END IF;
  IF abs(a * 0.5 + b * 0.5) >= 2::float8 ^ 1023 THEN RETURN NULL; END IF;
  RETURN a + b;
END $$;

CREATE FUNCTION landfall.expr_double_mul(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  x float8 := abs(a);
  y float8 := abs(b);
BEGIN
  IF x = 0 OR y = 0 THEN RETURN 0; END IF;
  IF x >= 1 AND y >= 1 THEN
    IF (x * 2::float8 ^ -512) * (y * 2::float8 ^ -512) >= 1 THEN RETURN NULL; END IF;
  ELSIF x < 1 AND y < 1 AND (x < 2::float8 ^ -500 OR y < 2::float8 ^ -500) THEN
    IF (x * 2::float8 ^ 537) * (y * 2::float8 ^ 537) <= 0.5 THEN RETURN 0; END IF;
  END IF;
  RETURN a * b;
END $$;

CREATE FUNCTION landfall.expr_double_div(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  x float8 := abs(a);
  y float8 := abs(b);
BEGIN
  IF y = 0 THEN RETURN NULL; END IF;
  IF x = 0 THEN RETURN 0; END IF;
  IF y >= 1 AND x < 2::float8 ^ -50 THEN
    IF (x * 2::float8 ^ 537) / (y * 2::float8 ^ -537) <= 0.5 THEN RETURN 0; END IF;
  ELSIF y < 1 AND x >= 1 THEN
    IF (x * 2::float8 ^ -600) / (y * 2::float8 ^ 474) >= 2::float8 ^ -50 THEN RETURN NULL; END IF;
  ELSIF y < 1 AND x >= 2::float8 ^ -50 THEN
    IF x / (y * 2::float8 ^ 200) >= 2::float8 ^ 824 THEN RETURN NULL; END IF;
  END IF;
  RETURN a / b;
END $$;

CREATE FUNCTION landfall.expr_ms(t timestamptz) RETURNS int8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT floor(extract(epoch FROM t AT TIME ZONE 'UTC') * 1000)::int8 $$;

CREATE FUNCTION landfall.expr_time(ms int8) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN ms BETWEEN -62135596800000 AND 253402300799999 THEN
    (timestamp '1970-01-01' + (ms / 86400000) * interval '1 day' + (ms % 86400000) * interval '1 millisecond') AT TIME ZONE 'UTC'
  END $$;

CREATE FUNCTION landfall.expr_timestamp(v text) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  m text[] := regexp_match(v COLLATE "C",
    '^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$');
  y int; mo int; d int; h int; mi int; s int; off int;
  days int;
BEGIN
  IF m IS NULL THEN RETURN NULL; END IF;
  y := m[1]; mo := m[2]; d := m[3]; h := m[4]; mi := m[5]; s := m[6];
  IF y < 1 OR mo NOT BETWEEN 1 AND 12 OR d < 1 OR h > 23 OR mi > 59 OR s > 59 THEN RETURN NULL; END IF;
  days := CASE WHEN mo = 2 THEN CASE WHEN (y % 4 = 0 AND y % 100 <> 0) OR y % 400 = 0 THEN 29 ELSE 28 END
               WHEN mo IN (4, 6, 9, 11) THEN 30 ELSE 31 END;
  IF d > days THEN RETURN NULL; END IF;
  off := 0;
  IF m[8] IS NOT NULL THEN
    IF m[9]::int > 23 OR m[10]::int > 59 THEN RETURN NULL; END IF;
    off := (m[9]::int * 60 + m[10]::int) * CASE WHEN m[8] = '-' THEN -1 ELSE 1 END;
  END IF;
  RETURN landfall.expr_time((make_date(y, mo, d) - date '1970-01-01')::int8 * 86400000
    + (h * 3600 + (mi - off) * 60 + s)::int8 * 1000 + left(rpad(coalesce(m[7], ''), 3, '0'), 3)::int8);
END $$;

CREATE FUNCTION landfall.expr_date(d date) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT lpad(extract(year FROM d)::text, 4, '0') || '-' || lpad(extract(month FROM d)::text, 2, '0') || '-' || lpad(extract(day FROM d)::text, 2, '0') $$;

CREATE FUNCTION landfall.expr_dates(list date[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN list IS NOT NULL THEN ARRAY(SELECT landfall.expr_date(u.d) FROM unnest(list) WITH ORDINALITY AS u(d, i) ORDER BY u.i) END $$;

-- The day a text names, or NULL: lets `day == $text` be asked of the date column and its index.
CREATE FUNCTION landfall.expr_day(v text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN v COLLATE "C" ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN (landfall.expr_timestamp(v || 'T00:00:00Z') AT TIME ZONE 'UTC')::date END
$$;

CREATE FUNCTION landfall.expr_json_text(j jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(j) = 'string' THEN j #>> '{}' END $$;

CREATE FUNCTION landfall.expr_json_bool(j jsonb) RETURNS bool LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN j = 'true'::jsonb THEN true WHEN j = 'false'::jsonb THEN false END $$;

CREATE FUNCTION landfall.expr_json_double(j jsonb) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  n numeric;
BEGIN
  IF jsonb_typeof(j) <> 'number' THEN RETURN NULL; END IF;
  n := (j #>> '{}')::numeric;
  IF abs(n) > 17976931348623157e292 THEN RETURN NULL; END IF;
  IF abs(n) < 3e-324 THEN RETURN 0; END IF;
  RETURN n::float8;
END $$;

CREATE FUNCTION landfall.expr_json_in(needle jsonb, list jsonb) RETURNS bool LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(list) = 'array' THEN EXISTS (SELECT FROM jsonb_array_elements(list) AS e(v) WHERE e.v = needle) END $$;

-- The type is asked first: a scalar is kept as an array of one, so `5 -> 0` is 5.
CREATE FUNCTION landfall.expr_json_item(j jsonb, i int8) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(j) = 'array' AND i BETWEEN 0 AND 2147483646 THEN j -> i::int END $$;

CREATE FUNCTION landfall.expr_geo(lat float8, lng float8) RETURNS float8[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN lat BETWEEN -90 AND 90 AND lng BETWEEN -180 AND 180 THEN ARRAY[lat, lng] END $$;

-- Haversine in metres on the mean radius (IUGG). Differences under 1e-100 degrees count as none: their squares would underflow.
CREATE FUNCTION landfall.expr_sin_half(d float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(d) > 1e-100 THEN sind(d / 2) WHEN d IS NOT NULL THEN 0 END $$;

CREATE FUNCTION landfall.expr_distance(lat1 float8, lng1 float8, lat2 float8, lng2 float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN lat1 IS NOT NULL AND lng1 IS NOT NULL AND lat2 IS NOT NULL AND lng2 IS NOT NULL THEN
    2 * 6371008.8::float8 * asin(least(1::float8, sqrt(
      landfall.expr_sin_half(lat2 - lat1) * landfall.expr_sin_half(lat2 - lat1)
      + cosd(lat1) * cosd(lat2) * (landfall.expr_sin_half(lng2 - lng1) * landfall.expr_sin_half(lng2 - lng1)))))
  END $$;

