/**
 * Makes a progress callback that keeps whoever waits informed, on standard error: in place on a terminal, a line for
 * each tenth elsewhere.
 *
 * @param what such as `events compared`.
 */
export function printProgress(what: string): (done: number, total: number) => void {
	let shown = -1;
	return (done, total) => {
		const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
		const step = process.stderr.isTTY ? percent : Math.floor(percent / 10) * 10;
		if (step === shown) return;
		shown = step;
		const line = `${step} % (${done} of ${total} ${what})`;
		process.stderr.write(process.stderr.isTTY ? `\r${line}${percent === 100 ? "\n" : ""}` : `${line}\n`);
	};
}
