// The cost of one call at growing depths of the queue, while the collector does not answer. Argument: a host that hangs.
import { performance } from "node:perf_hooks";
import { createClient } from "../../src/node/index.ts";

const client = createClient({
	writeKey: "WK",
	host: process.argv[2] as string,
	maxQueueSize: 200_000,
	flushOnExit: false,
});
// The first one warms up.
const DEPTHS = [0, 0, 10_000, 100_000, 200_000];
const WINDOW = 10_000;
const calls = new Float64Array(WINDOW);
const result: { depth: string; p99: number }[] = [];
let i = 0;
for (const depth of DEPTHS) {
	while (client.size < depth) call();
	if (result.length === 1 && depth === 0) result.length = 0;
	// At 200,000 the queue is full: every call drops the oldest event as well.
	for (let j = 0; j < WINDOW; j++) {
		const before = performance.now();
		call();
		calls[j] = performance.now() - before;
		if (j % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	calls.sort();
	result.push({ depth: depth.toLocaleString("en"), p99: (calls[Math.floor(WINDOW * 0.99)] as number) * 1_000 });
}
process.send?.(result);
process.exit(0);

function call(): void {
	client.track({
		userId: `user-${i++ % 1_000}`,
		event: "Order Completed",
		properties: { orderId: `o-${i}`, revenue: i % 100 },
	});
}
