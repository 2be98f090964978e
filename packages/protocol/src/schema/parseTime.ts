const iso =
	/^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?\s?(?:(Z)|([+-]\d\d)(?::?(\d\d))?)?$/i;
/** What nearly every client sends, and is told by fewer steps. */
const usual = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** 0001-01-01: earlier than this is a mistake, and ISO 8601 would need a sign. */
export const EARLIEST = -62_135_596_800_000;
/** ms of 26 April 1970. Smaller numbers are seconds, years or dates without dashes, and ms of a time that nobody means. */
const LEAST_NUMBER = 10_000_000_000;
/** 9999-12-31T23:59:59.999Z. */
const LATEST = 253_402_300_799_999;

/**
 * The instant that a wire timestamp names, in ms since 1970: ISO 8601 text, or ms as a number. Null when it names
 * none: other forms, days that do not exist, and numbers too small for ms, which are seconds. A text without a zone is UTC,
 * whatever zone the server is in: the same events must give the same profiles. One reading for events, filters, the API
 * and the command line; the SDKs read the same.
 */
export function parseTime(value: unknown): number | null {
	if (typeof value === "number")
		return value === 0 || Math.abs(value) >= LEAST_NUMBER ? inRange(Math.trunc(value)) : null;
	if (typeof value !== "string") return null;
	if (usual.test(value)) return isDay(value) ? inRange(Date.parse(value)) : null;
	if (value.length > 64) return null;
	const parts = iso.exec(value.trim());
	if (!parts || !isDay(parts[1] as string)) return null;
	const [, date, minutes = "00:00", seconds = "00", fraction = "0", , hours, zoneMinutes = "00"] = parts;
	const zone = hours === undefined ? "Z" : `${hours}:${zoneMinutes}`;
	return inRange(Date.parse(`${date}T${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}${zone}`));
}

/** Whether there is such a day: `Date.parse` takes the 30th of February for the 2nd of March. Every month has 28. */
function isDay(date: string): boolean {
	const [tens, ones] = [date.charCodeAt(8), date.charCodeAt(9)];
	if (tens < 50 || (tens === 50 && ones < 57)) return true;
	const day = Number(date.slice(8, 10));
	return new Date(`${date.slice(0, 10)}T00:00:00Z`).getUTCDate() === day;
}

function inRange(time: number): number | null {
	return time >= EARLIEST && time <= LATEST ? time : null;
}
