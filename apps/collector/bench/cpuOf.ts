import { readFileSync } from "node:fs";

/** Ticks a second of the times in /proc, on every Linux that Node runs on. */
const TICKS = 100;

/** CPU seconds that a process, all of its threads included, has taken so far; NaN where the system has no /proc. */
export function cpuOf(pid: number): number {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		// The name in field 2 may hold anything, so fields are counted from its end.
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return (Number(fields[11]) + Number(fields[12])) / TICKS;
	} catch {
		return Number.NaN;
	}
}
