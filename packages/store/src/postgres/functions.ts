/**
 * Functions of the workspace's schema, for searches and views. They name nothing of it, so that it may be renamed, and
 * none of them ever fails, whatever was stored: a query that meets one odd event must still answer.
 */
export const functions = [
	// A document as JSON; null where PostgreSQL cannot hold it. What it knows no text for (NUL, half a surrogate) becomes
	// U+FFFD, as in what collectors take in; numbers of a thousand digits and more become other ones beyond a double's range.
	String.raw`CREATE OR REPLACE FUNCTION selfsame_json(document text) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE STRICT AS $$
	BEGIN
		RETURN document::jsonb;
	EXCEPTION WHEN others THEN
		BEGIN
			RETURN (SELECT string_agg(CASE WHEN left(m.part[1], 1) = '"' THEN
					regexp_replace(regexp_replace(
						replace(replace(m.part[1], '\\', '\u005c'), '\u0000', '\ufffd'),
						'\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])', '\\ufffd', 'g'),
						'(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\\ufffd', 'g')
				ELSE regexp_replace(m.part[1], '([eE][+-]?)0*[1-9][0-9]{3,}', '\19999', 'g') END, '' ORDER BY m.place)
				FROM regexp_matches(document, '"(?:[^"\\]|\\.)*"|[^"]+', 'g') WITH ORDINALITY m(part, place))::jsonb;
		EXCEPTION WHEN others THEN
			RETURN NULL;
		END;
	END $$`,

	// The number that a value is, as the nearest double; null for any other value. A double may be infinite.
	`CREATE OR REPLACE FUNCTION selfsame_number(value jsonb) RETURNS double precision
	LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE WHEN jsonb_typeof(value) <> 'number' THEN NULL
			WHEN abs(value::numeric) < 2.4703282292062328e-324 THEN 0
			WHEN abs(value::numeric) < 1.797693134862315807e308 THEN value::double precision
			WHEN value::numeric > 0 THEN 'Infinity' WHEN value::numeric < 0 THEN '-Infinity' END
	$$`,

	// The instant that a text names as an ISO 8601 date, ms; null where it names none.
	String.raw`CREATE OR REPLACE FUNCTION selfsame_iso_date(value text) RETURNS bigint
	LANGUAGE plpgsql IMMUTABLE STRICT AS $$
	DECLARE
		parts text[];
		year bigint; month bigint; day bigint; hour bigint; minute bigint; second bigint; fraction bigint; zone bigint;
		era bigint; instant bigint;
	BEGIN
		IF length(value) NOT BETWEEN 10 AND 64 THEN RETURN NULL; END IF;
		parts := regexp_match(value, '^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?'
			|| U&'[\0009-\000d \00a0\1680\2000-\200a\2028\2029\202f\205f\3000\feff]?(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?$');
		IF parts IS NULL THEN RETURN NULL; END IF;
		year := parts[1]; month := parts[2]; day := parts[3];
		hour := coalesce(parts[4], '0'); minute := coalesce(parts[5], '0'); second := coalesce(parts[6], '0');
		fraction := rpad(left(coalesce(parts[7], '0'), 3), 3, '0');
		zone := (coalesce(parts[10], '0')::bigint * 60 + coalesce(parts[11], '0')::bigint) * CASE parts[9] WHEN '-' THEN -1 ELSE 1 END;
		IF month NOT BETWEEN 1 AND 12 OR day < 1 OR day > (CASE WHEN month IN (4, 6, 9, 11) THEN 30 WHEN month <> 2 THEN 31
				WHEN year % 4 = 0 AND (year % 100 <> 0 OR year % 400 = 0) THEN 29 ELSE 28 END) OR hour > 24 OR minute > 59 OR second > 59
			OR hour = 24 AND minute + second + fraction > 0
			OR coalesce(parts[10], '0')::bigint > 23 OR coalesce(parts[11], '0')::bigint > 59 THEN RETURN NULL; END IF;
		-- Days since 1970, of years that begin in March.
		IF month <= 2 THEN year := year - 1; month := month + 12; END IF;
		era := floor(year / 400.0);
		year := year - era * 400;
		day := era * 146097 + year * 365 + year / 4 - year / 100 + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
		instant := (((day * 24 + hour) * 60 + minute - zone) * 60 + second) * 1000 + fraction;
		RETURN CASE WHEN instant BETWEEN -62135596800000 AND 253402300799999 THEN instant END;
	END $$`,

	// A sum with what rounding lost put back (Neumaier), as SQLite does. Beyond a double's range it is infinite.
	`CREATE OR REPLACE FUNCTION selfsame_add(state double precision[], x double precision) RETURNS double precision[]
	LANGUAGE plpgsql IMMUTABLE STRICT AS $$
	DECLARE
		total double precision := state[1];
		next double precision;
	BEGIN
		IF abs(total) > 8e307 OR abs(x) > 8e307 THEN
			IF total / 2 + x / 2 > 8.98846567431158e307 THEN RETURN ARRAY['Infinity'::double precision, 0]; END IF;
			IF total / 2 + x / 2 < -8.98846567431158e307 THEN RETURN ARRAY['-Infinity'::double precision, 0]; END IF;
		END IF;
		next := total + x;
		IF abs(next) = 'Infinity' THEN RETURN ARRAY[next, 0]; END IF;
		RETURN ARRAY[next, state[2] + CASE WHEN abs(total) >= abs(x) THEN total - next + x ELSE x - next + total END];
	END $$`,
	`CREATE OR REPLACE FUNCTION selfsame_added(state double precision[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT AS $$
		SELECT CASE WHEN abs(state[1]) > 1e308 THEN state[1] ELSE state[1] + state[2] END
	$$`,
	`CREATE OR REPLACE AGGREGATE selfsame_sum(double precision) (
		SFUNC = selfsame_add, STYPE = double precision[], FINALFUNC = selfsame_added, INITCOND = '{0,0}')`,
];
