import { safely } from "../core/safely.ts";

const LEASE = 30_000;
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/**
 * One page of the site at a time: by the Web Locks API, or by a lease in the storage where that is missing (no secure
 * context). A lease can be won twice within a millisecond: then an event is sent twice, and stored once.
 */
export function createLock(name: string, area: Storage | undefined) {
	return async (work: () => Promise<void>): Promise<unknown> => {
		if (navigator.locks) return navigator.locks.request(name, work);
		const until = () => +(safely(() => area?.getItem(name)) ?? 0) - Date.now();
		while (until() > 0 && until() <= LEASE) await sleep(100 + Math.random() * 200);
		safely(() => area?.setItem(name, `${Date.now() + LEASE}`));
		return work().finally(() => safely(() => area?.removeItem(name)));
	};
}
