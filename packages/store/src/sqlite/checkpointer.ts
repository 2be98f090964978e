import { openCheckpointer } from "./openDatabase.ts";

/** How many pages of the log are worth copying back, 16 MB: the same pages are written again by the next commits. */
const worthCopying = 4_096;

interface LogState {
	/** 1: somebody else is at it. */
	busy: number;
	/** Pages in the log, and how many of them are copied back. */
	log: number;
	checkpointed: number;
}

/**
 * Copies the log back into the workspace's file while the writer goes on: copying, and syncing what was copied, takes some
 * 50 ms that no commit should wait for.
 */
export function createCheckpointer(file: string) {
	const database = openCheckpointer(file);
	const ask = (mode: "NOOP" | "PASSIVE") => (database.pragma(`wal_checkpoint(${mode})`) as LogState[])[0] as LogState;

	return {
		/**
		 * Copies the log where that is worth it. Says whether it did: what was committed meanwhile is then left to the writer,
		 * who alone can catch up with itself, and begins the log anew when nothing is left.
		 */
		checkpoint(): boolean {
			const { log, checkpointed } = ask("NOOP");
			if (log - checkpointed < worthCopying) return false;
			ask("PASSIVE");
			ask("PASSIVE");
			return true;
		},
		close(): void {
			database.close();
		},
	};
}
