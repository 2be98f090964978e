/** Many numbers as one value: `id = ANY(CAST(? AS bigint[]))`. */
export const bigints = (numbers: Iterable<number>): string => `{${[...numbers].join(",")}}`;

/** Many keys as one value: `key = ANY(CAST(? AS bytea[]))`. */
export const byteas = (keys: Iterable<Buffer>): string =>
	`{${Array.from(keys, (key) => `"\\\\x${key.toString("hex")}"`).join(",")}}`;
