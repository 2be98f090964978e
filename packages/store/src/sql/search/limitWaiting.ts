import { StorageUnavailableError } from "../../port.ts";

/** How many searches may wait for one another. Each has its time limit, so none waits for ever. */
const mostWaiting = 100;

/** Runs what it is given, unless too many are under way already. */
export function limitWaiting(): <T>(search: () => Promise<T>) => Promise<T> {
	let waiting = 0;
	return async (search) => {
		if (waiting >= mostWaiting) {
			throw new StorageUnavailableError(`${mostWaiting} searches are under way already. Ask again when they are done.`);
		}
		waiting += 1;
		try {
			return await search();
		} finally {
			waiting -= 1;
		}
	};
}
