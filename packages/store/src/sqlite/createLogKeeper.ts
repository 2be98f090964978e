import { stat } from "node:fs/promises";
import type { WorkerClient } from "./workerClient.ts";

/** ms from a commit to the look at the log that it causes; those in between cause none. */
const delay = 50;

/** Bytes. A shorter log needs nobody to look after it. */
const worthALook = 16 * 1024 * 1024;

/** Sees to it that the log is copied back beside the commits, not by one of them: see `createCheckpointer`. */
export function createLogKeeper(file: string, writer: WorkerClient, checkpointer: WorkerClient) {
	let timer: NodeJS.Timeout | null = null;
	let looking: Promise<void> = Promise.resolve();

	async function look(): Promise<void> {
		// It keeps its size when it begins anew.
		if ((await stat(`${file}-wal`)).size < worthALook) return;
		if (await checkpointer.call<boolean>("checkpoint")) await writer.call("finishCheckpoint");
	}

	return {
		/** Something is being committed. */
		wake(): void {
			timer ??= setTimeout(() => {
				// What goes wrong here the next commit meets too, and reports; past some size it copies the log itself.
				looking = look().catch(() => {});
				void looking.then(() => {
					timer = null;
				});
			}, delay).unref();
		},
		async close(): Promise<void> {
			if (timer) clearTimeout(timer);
			await looking;
			await checkpointer.close();
		},
	};
}
