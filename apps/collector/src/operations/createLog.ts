import { type Logger, pino } from "pino";
import type { LogLevel } from "../environment.ts";

/**
 * Structured logs, one JSON object a line, on standard output. No call may pass what a request said: not its body, its
 * query, its path (profile references stand there), its addresses or its keys.
 */
export function createLog(level: LogLevel): Log {
	// A write for each line costs more than answering does; a tenth of a second later nobody misses them.
	const destination = pino.destination({ sync: false, minLength: 4_096, periodicFlush: 100 });
	return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;
