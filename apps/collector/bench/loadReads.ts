import { Agent, request } from "node:http";

/** Questions to ask, over and over, and how. */
export interface Reads {
	questions: { url: string; method?: "POST"; body?: string }[];
	authorization: string;
	/** Each sends its next question once the last is answered. */
	connections: number;
	/** How many to ask in all; left out: until told to stop. */
	count?: number;
	/** At most so many a second, all connections together; left out: as many as get answered. */
	perSecond?: number;
}

export interface ReadsReport {
	/** Of each question, ms, ascending. */
	latencies: number[];
	/** Bytes of the last answer. */
	answer: string;
}

let stopped = false;

async function run({ questions, authorization, connections, count, perSecond }: Reads): Promise<ReadsReport> {
	stopped = false;
	const agent = new Agent({ keepAlive: true, maxSockets: connections });
	const latencies: number[] = [];
	let [asked, answer] = [0, ""];
	const ask = ({ url, method = undefined, body }: Reads["questions"][number]) =>
		new Promise<void>((resolve, reject) => {
			const start = performance.now();
			const headers = { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) };
			const req = request(url, { method: method ?? "GET", agent, headers }, (res) => {
				const chunks: Buffer[] = [];
				res.on("data", (chunk: Buffer) => chunks.push(chunk));
				res.on("end", () => {
					latencies.push(performance.now() - start);
					answer = Buffer.concat(chunks).toString();
					if (res.statusCode === 200) resolve();
					else reject(new Error(`the server answered ${res.statusCode}: ${answer.slice(0, 300)}`));
				});
			});
			req.on("error", reject);
			req.end(body);
		});
	const begun = performance.now();
	await Promise.all(
		Array.from({ length: connections }, async () => {
			while (!stopped && (count === undefined || asked < count)) {
				const number = asked++;
				const early = perSecond === undefined ? 0 : begun + (number * 1_000) / perSecond - performance.now();
				if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
				await ask(questions[number % questions.length] as Reads["questions"][number]);
			}
		}),
	);
	agent.destroy();
	return { latencies: latencies.sort((a, b) => a - b), answer };
}

// A process of its own, so that asking does not slow the one that measures.
process.on("message", async (message: Reads | "stop") => {
	if (message === "stop") {
		stopped = true;
		return;
	}
	try {
		process.send?.({ report: await run(message) });
	} catch (error) {
		process.send?.({ error: String(error) });
	}
});
