/** A page may forbid storage, cookies or an API at any moment: what throws gives undefined. */
export function safely<T>(work: () => T): T | undefined {
	try {
		return work();
	} catch {}
}
