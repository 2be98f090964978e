import { existsSync, readFileSync } from "node:fs";

/** Whether this system tells. */
export const knowsMemory = existsSync("/proc/self/status");

/** The most memory a process has ever had, in MiB, as Linux tells. */
export function peakMemory(pid: number | undefined): number {
	const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
	return Math.round(Number(kilobytes) / 1024);
}
