import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseTime } from "@selfsame/protocol/schema";
import { expect, test } from "vitest";
import { readTime } from "../../src/server/events/readTime.ts";

const texts = [
	"2026-01-02T03:04:05.678Z",
	"2026-01-02T03:04:05",
	"2026-01-02 03:04:05",
	"2026-01-02T03:04",
	"2026-01-02",
	"2026-01-02T03:04:05+02:00",
	"2026-01-02T03:04:05-0530",
	"2026-01-02T03:04:05.123456789Z",
	"2026-01-02T03:04:05,5z",
	" 2026-01-02T03:04:05Z ",
	"2026-02-30",
	"2028-02-29",
	"2026-13-01",
	"0000-01-01T00:00:00Z",
	"2026",
	"2026-01",
	"20260102T030405Z",
	"Fri, 02 Jan 2026 03:04:05 GMT",
	"01/02/2026",
	"soon",
	"",
];

test("a text is read as the collector reads it", () => {
	const readings = texts.map((text) => [text, readTime(text)]);
	expect(readings).toEqual(texts.map((text) => [text, parseTime(text) ?? Number.NaN]));
});

test("a number is ms; seconds, years, microseconds and what is no time name none", () => {
	expect([1_764_230_400_000, 0, new Date(5), new Date("2026-01-02")].map(readTime)).toEqual([
		1_764_230_400_000,
		0,
		5,
		Date.UTC(2026, 0, 2),
	]);
	for (const none of [1_764_230_400, 2026, 1_764_230_400_000_000, Number.NaN, new Date("x"), {}, true]) {
		expect(readTime(none)).toBeNaN();
	}
});

test("the process's own zone changes nothing", () => {
	const file = join(import.meta.dirname, "../../src/server/events/readTime.ts");
	const script = `import { readTime } from ${JSON.stringify(file)}; console.log(JSON.stringify(${JSON.stringify(texts)}.map(readTime)))`;
	const env = { ...process.env, TZ: "America/New_York" };
	const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { env, encoding: "utf8" });
	expect(JSON.parse(stdout)).toEqual(texts.map((text) => readTime(text) || null));
});
