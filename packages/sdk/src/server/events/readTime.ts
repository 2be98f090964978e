/** A date as ISO 8601 writes it, perhaps with a space for the `T`, perhaps without time or zone. */
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s?(?:(Z)|([+-]\d\d)(?::?(\d\d))?)?$/i;
/** ms of 26 April 1970: smaller numbers are seconds, or years. */
const LEAST_NUMBER = 10_000_000_000;
/** 0001-01-01. */
const EARLIEST = -62_135_596_800_000;
/** 9999-12-31T23:59:59.999Z; what is larger counts microseconds. */
const LATEST = 253_402_300_799_999;

/**
 * The instant that an author's time names, in ms since 1970, NaN where it names none. It is read as the collector reads
 * it (docs/decisions/wire-contract.md): a text without a zone is UTC, whatever zone this process is in, and a number is ms.
 */
export function readTime(value: unknown): number {
	if (Object.prototype.toString.call(value) === "[object Date]") return +(value as Date);
	if (typeof value === "number") return Math.abs(value) >= LEAST_NUMBER || value === 0 ? inRange(value) : Number.NaN;
	if (typeof value !== "string") return Number.NaN;
	const parts = ISO.exec(value.slice(0, 65).trim());
	if (!parts) return Number.NaN;
	const [, date = "", minutes = "00:00", seconds = "00", fraction = "", , hours, zoneMinutes = "00"] = parts;
	// `Date.parse` takes the 30th of February for the 2nd of March.
	if (new Date(`${date}T00:00:00Z`).toJSON()?.slice(0, 10) !== date) return Number.NaN;
	const zone = hours === undefined ? "Z" : `${hours}:${zoneMinutes}`;
	return inRange(Date.parse(`${date}T${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}${zone}`));
}

const inRange = (time: number): number => (time >= EARLIEST && time <= LATEST ? Math.trunc(time) : Number.NaN);
