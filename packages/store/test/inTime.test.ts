import { expect, it } from "vitest";
import { FilterTooCostlyError } from "../src/port.ts";
import { inTime } from "../src/sql/inTime.ts";
import { all, type Work } from "../src/sql/work.ts";

it("a question ends once its time is up, after it has tidied up", () => {
	let isTidy = false;
	function* endless(): Work<void> {
		try {
			for (;;) yield* all("SELECT 1");
		} finally {
			isTidy = true;
		}
	}
	const work = inTime(endless(), 5);
	expect(() => {
		for (;;) work.next([]);
	}).toThrow(FilterTooCostlyError);
	expect(isTidy).toBe(true);
});

it("and answers what the question answers, whose errors are its own", () => {
	function* question(): Work<string> {
		try {
			yield* all("SELECT 1");
		} catch (error) {
			return `caught ${(error as Error).message}`;
		}
		return "none";
	}
	const work = inTime(question());
	work.next();
	expect(work.throw(new Error("of the database"))).toEqual({ done: true, value: "caught of the database" });
});
