import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { buildEvent } from "../../src/core/buildEvent.ts";
import { VERSION } from "../../src/core/version.ts";

const now = Date.UTC(2026, 0, 2);
const surroundings = { now, messageId: "m1", context: { locale: "de", page: { path: "/" } } };

test("id, clock and context come from outside; the call's own win", () => {
	expect(buildEvent({ type: "track", event: "A", context: { locale: "fr" } }, surroundings)).toEqual({
		type: "track",
		event: "A",
		messageId: "m1",
		timestamp: "2026-01-02T00:00:00.000Z",
		context: { locale: "fr", page: { path: "/" } },
	});
	expect(buildEvent({ type: "track", messageId: "own" }, surroundings).messageId).toBe("own");
});

test("a time set by the author stands beside the time of the call", () => {
	const expected = { timestamp: "2020-05-05T00:00:00.000Z", originalTimestamp: "2026-01-02T00:00:00.000Z" };
	for (const timestamp of ["2020-05-05", new Date("2020-05-05"), Date.UTC(2020, 4, 5)]) {
		expect(buildEvent({ type: "track", timestamp }, surroundings)).toMatchObject(expected);
	}
	const unreadable = buildEvent({ type: "track", timestamp: "yesterday" }, surroundings);
	expect(unreadable.timestamp).toBe("2026-01-02T00:00:00.000Z");
	expect(unreadable).not.toHaveProperty("originalTimestamp");
});

test("the library tells its version as the package does", () => {
	expect(VERSION).toBe(manifest.version);
});
