import process from "node:process";

/** A failure that a person can act on: what went wrong, and what to do about it. Printed without a stack. */
export class PlainError extends Error {
	/**
	 * @param {string} message what went wrong, one sentence
	 * @param {string} [advice] what to do
	 */
	constructor(message, advice) {
		super(message);
		this.name = "PlainError";
		this.advice = advice;
	}
}

/**
 * Runs the main function of a script; a `PlainError` is printed as words, anything else with its stack. Exits 1.
 *
 * @param {() => Promise<void>} main
 */
export async function runMain(main) {
	try {
		await main();
	} catch (error) {
		if (error instanceof PlainError) {
			console.error(`\n${error.message}`);
			if (error.advice) console.error(error.advice);
		} else {
			console.error("\nSomething went wrong that this script did not expect:");
			console.error(error);
		}
		process.exitCode = 1;
	}
}
