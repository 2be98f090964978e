import { type Logger, pino } from "pino";
import type { LogLevel } from "../environment.ts";

/**
 * Structured logs, one JSON object a line, on standard output. No call may pass what a request said: not its body, its
 * query, its path (profile references stand there), its addresses or its keys.
 */
export function createLog(level: LogLevel): Log {
	return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}

export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;
