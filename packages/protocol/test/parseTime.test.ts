import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTime } from "../src/schema/index.ts";

const noon = Date.UTC(2026, 0, 31, 12);

describe("parseTime", () => {
	it.each([
		["2026-01-31T12:00:00.000Z", noon],
		["2026-01-31T12:00:00Z", noon],
		["2026-01-31T12:00Z", noon],
		["2026-01-31 12:00:00", noon],
		["2026-01-31T12:00:00", noon],
		["2026-01-31T13:00:00+01:00", noon],
		["2026-01-31T13:00:00+0100", noon],
		["2026-01-31T13:00:00+01", noon],
		["2026-01-31T07:00:00.123456789-05:00", noon + 123],
		["2026-01-31T12:00:00,5Z", noon + 500],
		["2026-01-31T12:00:00,000Z", noon],
		["2026-01-31 12:00:00.000Z", noon],
		["2024-02-29T12:00:00.000Z", Date.UTC(2024, 1, 29, 12)],
		["2026-01-30T24:00:00.000Z", Date.UTC(2026, 0, 31)],
		["2026-01-31", Date.UTC(2026, 0, 31)],
		[noon, noon],
		[noon + 0.7, noon],
	])("reads %s", (value, expected) => {
		expect(parseTime(value)).toBe(expected);
	});

	it.each([
		"",
		"yesterday",
		"1",
		"2026",
		"2026-13-01",
		"31/01/2026",
		"2026-01-31T25:00:00Z",
		"2026-01-31T12:00:00+99:99",
		"2026-02-29",
		"2026-02-30T12:00:00.000Z",
		"2026-04-31T12:00:00Z",
		// As long as what is usual, and in no zone or with words before it.
		"2026-01-31 12:00:00  (zZ",
		"My birthday 2026-01-31 Z",
	])("refuses %j", (value) => {
		expect(parseTime(value)).toBeNull();
	});

	it.each([null, undefined, true, {}, [], Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1e300])(
		"refuses %s",
		(value) => {
			expect(parseTime(value)).toBeNull();
		},
	);

	it("reads back every instant that JavaScript prints", () => {
		const dates = fc.date({
			min: new Date(Date.UTC(1970, 0, 1)),
			max: new Date(Date.UTC(9999, 11, 31)),
			noInvalidDate: true,
		});
		fc.assert(fc.property(dates, (date) => parseTime(date.toISOString()) === date.getTime()));
	});

	it("answers any text with a time or null", () => {
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d\d-\d\d[T ]?[\d:.+-]*Z?$/)), (text) => {
				const time = parseTime(text);
				return time === null || Number.isSafeInteger(time);
			}),
		);
	});
});
