import { FilterTooCostlyError } from "../port.ts";
import type { Work } from "./work.ts";

/** ms that one question may take. It is looked at between statements, and each of them is a short one. */
const LIMIT = 10_000;

/**
 * The same work, which ends with an error once its time is up: a question about somebody with very much behind them must not
 * keep all others waiting.
 */
export function* inTime<T>(work: Work<T>, limit = LIMIT): Work<T> {
	const until = performance.now() + limit;
	let step = work.next();
	while (!step.done) {
		let answered: unknown;
		try {
			if (performance.now() > until) throw tooLong(limit);
			answered = yield step.value;
		} catch (error) {
			step = work.throw(error);
			continue;
		}
		step = work.next(answered);
	}
	return step.value;
}

function tooLong(limit: number): Error {
	return new FilterTooCostlyError(
		`This read takes longer than ${limit / 1_000} s. Ask for less: a smaller \`limit\`, a shorter time (\`from\`, \`to\`), or one identifier's part of it.`,
	);
}
