/** A host may forbid its storage or an API at any moment: what throws gives undefined. */
export function safely<T>(work: () => T): T | undefined {
	try {
		return work();
	} catch {}
}
