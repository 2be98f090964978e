import { safely } from "../core/safely.ts";

const LEASE = 30_000;
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/**
 * One page of the site at a time: by the Web Locks API, or by a lease in the storage where that is missing, refuses (a
 * sandboxed frame) or does not answer within 30 s. A lease can be won twice within a millisecond: then an event is sent
 * twice, and stored once.
 */
export function createLock(name: string, area: Storage | undefined) {
	return async (work: () => Promise<void>): Promise<unknown> => {
		let running: Promise<void> | undefined;
		const once = () => (running ??= work());
		const asked = safely(() => navigator.locks.request(name, once));
		if (asked?.then) await Promise.race([asked.catch(() => {}), sleep(LEASE)]);
		if (running) return running;
		const until = () => +(safely(() => area?.getItem(name)) ?? 0) - Date.now();
		while (until() > 0 && until() <= LEASE) await sleep(100 + Math.random() * 200);
		safely(() => area?.setItem(name, `${Date.now() + LEASE}`));
		return once().finally(() => safely(() => area?.removeItem(name)));
	};
}
