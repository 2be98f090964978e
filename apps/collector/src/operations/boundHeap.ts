import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes at which V8's space for what was just made stops growing. By itself it takes up to 128 MB, once it has had a flood. */
const YOUNG = 24 * 1024 * 1024;

/**
 * By how much more than what survived, in percent, each thread's heap may grow until all of it is collected. V8 would wait
 * for up to four times as much while a machine has memory: of mixed requests that left 35 MB it kept 150.
 */
const GROWTH = 50;

/**
 * Keeps the memory of a process that may be flooded with large bodies within bounds: V8 plans by how much memory the
 * machine has. It takes its limits from the command line alone, so here it is told once it has enough.
 *
 * @returns a function that gives back what was dropped a moment ago. V8 sees the few objects that hold large buffers, and
 * waits until there are many.
 */
export function boundHeap(): () => void {
	const collections = new PerformanceObserver(() => {
		const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
		if (young && young.space_size < YOUNG) return;
		setFlagsFromString("--semi-space-growth-factor=1");
		collections.disconnect();
	});
	collections.observe({ entryTypes: ["gc"] });
	setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as NodeJS.GCFunction;
	return () => collect({ type: "minor" });
}
