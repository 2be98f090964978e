/** The representative of a set in a union-find forest; shortens the way for the next time. */
export function findRoot(parent: Map<number, number>, id: number): number {
	let top = id;
	for (let up = parent.get(top); up !== undefined && up !== top; up = parent.get(top)) top = up;
	for (let step = id; step !== top; ) {
		const next = parent.get(step) as number;
		parent.set(step, top);
		step = next;
	}
	return top;
}
