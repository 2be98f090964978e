import fc from "fast-check";
import { expect, test } from "vitest";
import { backoff, MAX_DELAY, MAX_RETRY_AFTER, MIN_DELAY, retryAfter, shouldRetry } from "../../src/core/retry.ts";

test.each([
	[0, "retry"],
	[200, "delivered"],
	[202, "delivered"],
	[304, "drop"],
	[400, "drop"],
	[401, "drop"],
	[403, "drop"],
	[404, "drop"],
	[408, "retry"],
	[410, "retry"],
	[413, "split"],
	[415, "drop"],
	[422, "drop"],
	[429, "retry"],
	[460, "retry"],
	[500, "retry"],
	[502, "retry"],
	[503, "retry"],
	[504, "retry"],
])("status %i: %s", (status, verdict) => {
	expect(shouldRetry(status)).toBe(verdict);
});

test("the delay is anywhere below a ceiling that doubles from 1 s to 10 min", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 5_000 }),
			fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
			(n, r) => {
				const ceiling = Math.min(MAX_DELAY, MIN_DELAY * 2 ** Math.min(n - 1, 60));
				expect(backoff(n, r)).toBe(Math.round(r * ceiling));
			},
		),
	);
});

test("Retry-After is read as seconds and as a date, and obeyed for up to an hour", () => {
	const now = Date.UTC(2026, 10, 22, 6, 0, 0);
	expect(retryAfter("120", now)).toBe(120_000);
	expect(retryAfter("0", now)).toBe(0);
	expect(retryAfter("Sun, 22 Nov 2026 06:00:30 GMT", now)).toBe(30_000);
	expect(retryAfter("Sun, 22 Nov 2026 05:00:30 GMT", now)).toBe(0);
	expect(retryAfter("999999", now)).toBe(MAX_RETRY_AFTER);
	for (const header of [null, undefined, "", " ", "soon"]) expect(retryAfter(header, now)).toBeUndefined();
});
