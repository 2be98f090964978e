import { Agent, request } from "node:http";

/** One kind of load: the same number of requests over a number of connections, each sending its next once answered. */
export interface Load {
	url: string;
	authorization: string;
	connections: number;
	bodies: string[];
}

export interface LoadReport {
	/** Wall-clock seconds from the first byte to the last answer. */
	seconds: number;
	/** Of each request, ms, ascending. */
	latencies: number[];
}

/** Runs a load and reports on it; any answer but 200 ends it. */
async function run({ url, authorization, connections, bodies }: Load): Promise<LoadReport> {
	const agent = new Agent({ keepAlive: true, maxSockets: connections });
	const latencies: number[] = [];
	let next = 0;
	const send = (body: string) =>
		new Promise<void>((resolve, reject) => {
			const start = performance.now();
			const headers = { authorization, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
			const req = request(url, { method: "POST", agent, headers }, (res) => {
				res.on("data", () => {});
				res.on("end", () => {
					latencies.push(performance.now() - start);
					if (res.statusCode === 200) resolve();
					else reject(new Error(`the server answered ${res.statusCode}`));
				});
			});
			req.on("error", reject);
			req.end(body);
		});
	const start = performance.now();
	await Promise.all(
		Array.from({ length: connections }, async () => {
			for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await send(body);
		}),
	);
	const seconds = (performance.now() - start) / 1_000;
	agent.destroy();
	return { seconds, latencies: latencies.sort((a, b) => a - b) };
}

// A process of its own, so that making the load does not stop the one that measures.
process.on("message", async (load: Load) => {
	try {
		process.send?.({ report: await run(load) });
	} catch (error) {
		process.send?.({ error: String(error) });
	}
});
