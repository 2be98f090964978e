import type { Statement, Work } from "../../sql/work.ts";

const setTimeLimit = (ms: number): Statement => ({
	sql: `SET LOCAL statement_timeout = ${ms}`,
	values: [],
	wanted: "count",
	isPassing: true,
});

/**
 * Work whose time is limited as a whole, where the server limits that of each statement: a statement gets what is left,
 * give or take a tenth, so that short ones need not each be told anew.
 *
 * @param remaining how much is left, ms, more than 0; throws when nothing is.
 */
export function* runInTime<T>(work: Work<T>, remaining: () => number): Work<T> {
	let limit: number | null = null;
	let step = work.next();
	while (!step.done) {
		let answered: unknown;
		try {
			const left = Math.ceil(remaining());
			if (limit === null || left < limit - Math.max(100, limit / 10)) {
				limit = left;
				yield setTimeLimit(limit);
			}
			answered = yield step.value;
		} catch (error) {
			step = work.throw(error);
			continue;
		}
		step = work.next(answered);
	}
	return step.value;
}
