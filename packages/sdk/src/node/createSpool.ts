import type { Spool } from "../server/ports.ts";
import { builtin } from "./builtin.ts";
import { createSpoolLock, isHeld } from "./spoolLock.ts";

export interface SpoolOptions {
	/** A directory of its own. Several processes may share it. */
	dir: string;
	/** Most bytes of events it may hold before `overflow` applies. Default 512 MB. */
	maxBytes?: number;
}

export const SPOOL_BYTES = 512_000_000;

/**
 * The queue on disk. Each process writes segments of its own, `<owner>-<number>.ndjson`, one for each batch, and holds
 * `<owner>.lock`. Segments whose owner is gone are taken over by renaming them, which only one of several processes can
 * do. A segment goes when all of its events have ended: what a crash leaves behind is sent again and, because it keeps
 * its message ids, stored once.
 *
 * A record is with the operating system when the call returns: it outlives the process, `kill -9` included, and not a
 * power failure.
 */
export function createSpool({ dir, maxBytes = SPOOL_BYTES }: SpoolOptions, tell: (error: Error) => void): Spool {
	const fs = builtin.fs();
	const { join } = builtin.path();
	fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
	const lock = createSpoolLock(dir);
	const open = new Map<string, number>();
	let number = 0;

	const nextName = () => `${lock.owner}-${String(number++).padStart(9, "0")}.ndjson`;

	function attempt<T>(what: string, run: () => T): T | undefined {
		try {
			return run();
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ENOENT")
				tell(new Error(`spool: cannot ${what}`, { cause: error }));
			return undefined;
		}
	}

	/** Personal data: for the owner of the process alone. A directory that somebody removed is made again. */
	function openSegment(segment: string): number {
		fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
		const file = fs.openSync(join(dir, segment), "a", 0o600);
		open.set(segment, file);
		return file;
	}

	function seal(segment: string): void {
		const file = open.get(segment);
		if (file === undefined) return;
		open.delete(segment);
		attempt("close a segment", () => fs.closeSync(file));
	}

	return {
		maxBytes,
		recover() {
			const names = fs.readdirSync(dir).sort();
			const gone = new Set(
				names
					.filter((name) => name.endsWith(".lock") && name !== `${lock.owner}.lock`)
					.filter((name) => !isHeld(join(dir, name), lock.madeAt))
					.map((name) => name.slice(0, -".lock".length)),
			);
			const locked = new Set(names.filter((name) => name.endsWith(".lock")).map((name) => name.slice(0, -5)));
			const found: { segment: string; bytes: number }[] = [];
			for (const name of names.filter((it) => it.endsWith(".ndjson"))) {
				const owner = name.slice(0, name.lastIndexOf("-"));
				if (locked.has(owner) && !gone.has(owner)) continue;
				const segment = nextName();
				attempt("take over a segment", () => {
					fs.renameSync(join(dir, name), join(dir, segment));
					found.push({ segment, bytes: fs.statSync(join(dir, segment)).size });
				});
			}
			for (const owner of gone) attempt("remove a lock", () => fs.unlinkSync(join(dir, `${owner}.lock`)));
			return found;
		},
		append(segment = nextName(), lines) {
			try {
				const file = open.get(segment) ?? openSegment(segment);
				for (let done = 0; done < lines.length; ) {
					const written = fs.writeSync(file, lines, done, lines.length - done);
					if (!(written > 0)) throw new Error("nothing was written");
					done += written;
				}
				return segment;
			} catch (error) {
				tell(new Error(`spool: cannot write to ${dir}`, { cause: error }));
				return undefined;
			}
		},
		seal,
		read: (segment) => fs.promises.readFile(join(dir, segment)),
		remove(segment) {
			seal(segment);
			attempt("remove a segment", () => fs.unlinkSync(join(dir, segment)));
		},
		release() {
			for (const segment of [...open.keys()]) seal(segment);
			lock.release();
		},
	};
}
