import type { Values, Wanted, Work } from "../work.ts";

/** Asks what is hardly asked twice, so that its text is not worth remembering. `T` as `wanted` says. */
export function* ask<T>(wanted: Wanted, sql: string, ...values: Values): Work<T> {
	return (yield { sql, values, wanted, isPassing: true }) as T;
}
