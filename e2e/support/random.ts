/** A seeded generator: the same seed is the same sequence, so that a failure can be had again. */
export interface Random {
	seed: number;
	/** In [0, 1). */
	next(): number;
	/** A whole number in [min, max]. */
	between(min: number, max: number): number;
}

/** From `SELFSAME_TEST_SEED`, else from the clock. Prints the seed, since a failure is worth nothing without it. */
export function createRandom(name: string): Random {
	const given = Number(process.env.SELFSAME_TEST_SEED);
	const seed = Number.isInteger(given) && given > 0 ? given : Date.now() % 2_147_483_647;
	console.log(`${name}: SELFSAME_TEST_SEED=${seed}`);
	let state = seed;
	// mulberry32
	const next = () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
	};
	return { seed, next, between: (min, max) => min + Math.floor(next() * (max - min + 1)) };
}

/** How much more than usual to do: `SELFSAME_TEST_SCALE`, default 1. */
export function testScale(): number {
	const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
	if (!(scale > 0)) throw new Error("SELFSAME_TEST_SCALE is a positive number, such as 10.");
	return scale;
}
