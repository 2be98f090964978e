import { setImmediate as turn } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { boundHeap } from "../src/operations/boundHeap.ts";

/** Is flooded, and tells in MB how large the space for new objects has become, and what dropped buffers still take. */
const relieve = process.argv[2] === "bound" ? boundHeap() : () => {};
const mega = 1024 * 1024;

const kept: object[] = [];
for (let made = 0; made < 8_000_000; made++) {
	kept[made % 500_000] = { made, list: [made] };
	if (made % 10_000 === 0) await turn();
}
const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;

let left = 0;
for (let times = 0; times < 8; times++) {
	for (let at = 0; at < 128; at++) Buffer.allocUnsafeSlow(64 * 1024).fill(at);
	relieve();
	left = Math.max(left, process.memoryUsage().arrayBuffers);
}
process.send?.({ young: young / mega, left: left / mega });
