import { builtin } from "./builtin.ts";

interface LockRecord {
	pid: number;
	host: string;
	/** When the process started, as the system says it; null where it does not. Tells a reused pid. */
	startedAt: string | null;
}

/** A lock of another host is refreshed this often, and given up for gone after three times that. ms. */
const HEARTBEAT = 20_000;
const GONE_AFTER = 3 * HEARTBEAT;

/** Locks of this very process, across copies of this module: two clients may share a directory. */
const ownKey = Symbol.for("selfsame.spoolOwners");
const shared = globalThis as { [ownKey]?: Set<string> };
shared[ownKey] ??= new Set();
const own = shared[ownKey];
let count = 0;

/** Announces an owner of segments in `dir`. Names sort by the time they were made, so older segments are sent first. */
export function createSpoolLock(dir: string): { owner: string; madeAt: number; release(): void } {
	const time = Date.now().toString(36).padStart(9, "0");
	const owner = `${time}-${process.pid}-${(count++).toString(36)}${Math.random().toString(36).slice(2, 8)}`;
	const path = builtin.path().join(dir, `${owner}.lock`);
	const record: LockRecord = { pid: process.pid, host: builtin.os().hostname(), startedAt: startOf(process.pid) };
	const fs = builtin.fs();
	own.add(path);
	// Under its final name only once it is whole: an empty lock would look like one nobody holds.
	fs.writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
	fs.renameSync(`${path}.new`, path);
	// The same bytes in their place: so the file system dates the file, by a clock that all who share it compare with.
	const heartbeat = setInterval(() => {
		fs.open(path, "r+", (error, file) => {
			if (!error) fs.write(file, JSON.stringify(record), 0, () => fs.close(file, () => {}));
		});
	}, HEARTBEAT);
	heartbeat.unref();
	return {
		owner,
		/** When it was made, by the clock of the file system, ms since 1970. */
		madeAt: fs.statSync(path).mtimeMs,
		release() {
			clearInterval(heartbeat);
			own.delete(path);
			fs.rmSync(path, { force: true });
		},
	};
}

/**
 * Whether the process that made the lock still runs. Unreadable locks are nobody's. `now`: by the clock of the file system,
 * ms since 1970, such as the time of a file just made beside it.
 */
export function isHeld(path: string, now: number): boolean {
	const fs = builtin.fs();
	try {
		const { pid, host, startedAt } = JSON.parse(fs.readFileSync(path, "utf8")) as LockRecord;
		if (host !== builtin.os().hostname()) return now - fs.statSync(path).mtimeMs < GONE_AFTER;
		if (pid === process.pid && startedAt === startOf(pid)) return own.has(path);
		return isAlive(pid) && (startedAt === null || startedAt === startOf(pid));
	} catch {
		return false;
	}
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

/** Field 22 of /proc/<pid>/stat, ticks since boot; the name in field 2 may hold anything, so it is counted from its end. */
function startOf(pid: number): string | null {
	try {
		const stat = builtin.fs().readFileSync(`/proc/${pid}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
	} catch {
		return null;
	}
}
