/** Something that may have to be waited for: SQLite answers at once, PostgreSQL does not. */
export type Maybe<T> = T | Promise<T>;

/** What is done with two databases of either kind, step by step. */
export type Steps<T> = Generator<unknown, T, unknown>;

/** One step: goes on with the answer. */
export function* step<T>(answer: Maybe<T>): Steps<T> {
	return (yield answer) as T;
}

/** Does everything at once, where nothing has to be waited for. */
export function runSteps<T>(steps: Steps<T>): T {
	let next = steps.next();
	while (!next.done) {
		if (next.value instanceof Promise) throw new TypeError("This step has to be waited for.");
		next = steps.next(next.value);
	}
	return next.value;
}

/** Waits for each step. */
export async function awaitSteps<T>(steps: Steps<T>): Promise<T> {
	let next = steps.next();
	while (!next.done) {
		let answer: unknown;
		try {
			answer = await next.value;
		} catch (error) {
			next = steps.throw(error);
			continue;
		}
		next = steps.next(answer);
	}
	return next.value;
}
