/** Causes that are remembered, and so the most warnings that one client gives. */
const MOST = 100;

/** Gives each cause one warning. */
export function createWarnings(warn: (message: string) => void) {
	const given = new Set<string>();
	return function warnOnce(cause: string, message: string): void {
		if (given.has(cause) || given.size >= MOST) return;
		given.add(cause);
		warn(`selfsame: ${message}`);
	};
}
