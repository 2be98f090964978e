import { DatabaseError } from "pg";
import { StorageUnavailableError } from "../port.ts";

/** By class (the first two characters), or whole; https://www.postgresql.org/docs/current/errcodes-appendix.html */
const unavailable = [
	// Connections; who may connect; limits of the server (disk, memory, connections); its files.
	...["08", "28", "53", "58"],
	// It shuts down, starts, has crashed, dropped the database; a statement or a transaction took too long.
	...["57P01", "57P02", "57P03", "57P04", "57P05", "57014", "25P03", "25P04"],
	// A lock was not to be had in time.
	"55P03",
	// A standby, or a server that was told to take no more; privileges were taken away; there is no such database.
	...["25006", "42501", "3D000"],
];

/** A transaction that met another: it was undone as a whole, and goes through when it is done again. */
const conflicts = ["40001", "40P01"];

/** What Node says of a connection. */
const brokenConnection =
	/^(?:ECONN(?:REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOENT|EADDRNOTAVAIL)$/;

/** What `pg` says of one, without a code. */
const brokenClient =
	/^(?:Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (?:has encountered a connection error|was closed) and is not queryable)/;

const codeOf = (error: unknown): string => (error as { code?: unknown } | null)?.code?.toString() ?? "";

/**
 * Whether the connection is of no more use: it broke, or who knows what it is doing. What the server itself refused has
 * left it as it was, unless the server ends it.
 */
export function isBroken(error: unknown): boolean {
	if (!(error instanceof DatabaseError)) return isConnectionError(error);
	return error.severity === "FATAL" || error.severity === "PANIC" || isOfOldTables(error);
}

/** A statement was prepared before a migration by a newer collector; on a new connection it goes through. */
const isOfOldTables = (error: DatabaseError) => error.message === "cached plan must not change result type";

function isConnectionError(error: unknown): boolean {
	return error instanceof Error && (brokenConnection.test(codeOf(error)) || brokenClient.test(error.message));
}

/** Whether a transaction is to be done again, because others were at the same rows. */
export function isConflict(error: unknown): boolean {
	return error instanceof DatabaseError && (conflicts.includes(codeOf(error)) || isOfOldTables(error));
}

/** Whether a lock was not to be had in the time that was given for it. */
export function isLockTimeout(error: unknown): boolean {
	return error instanceof DatabaseError && codeOf(error) === "55P03";
}

/** Whether a row was there already: somebody else committed it after we looked. */
export function isDuplicate(error: unknown): boolean {
	return error instanceof DatabaseError && codeOf(error) === "23505";
}

/**
 * What went wrong as the port tells it: `StorageUnavailableError` when the database cannot take this now and a retry
 * later is worth it. Anything else is our mistake, and comes back as it was.
 */
export function toStoreError(error: unknown): unknown {
	const code = codeOf(error);
	const isServers =
		error instanceof DatabaseError &&
		[...unavailable, ...conflicts].some((known) => code === known || code.slice(0, 2) === known);
	if (!isServers && !isConnectionError(error)) return error;
	const { message } = error as Error;
	// For a name with several addresses there is an error for each, and none of the whole.
	return new StorageUnavailableError(`PostgreSQL: ${message || code}`, { cause: error });
}
