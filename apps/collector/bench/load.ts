import { connect, type Socket } from "node:net";

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
	/** CPU seconds of the process that made the load, in that time. */
	cpu: number;
	/** Of each request, ms, ascending. */
	latencies: number[];
}

/**
 * Runs a load and reports on it; any answer but 200 ends it. Requests are bytes that were prepared before, and go over
 * plain sockets: a client of Node's `http` takes some 60 us a request, as much as the server, and so slows a ceiling as
 * much as what is held against it.
 */
async function run({ url, authorization, connections, bodies }: Load): Promise<LoadReport> {
	const { hostname, port, pathname } = new URL(url);
	const requests = bodies.map((body) => toRequest(`${hostname}:${port}`, pathname, authorization, body));
	const sockets = await Promise.all(Array.from({ length: connections }, () => open(hostname, Number(port))));
	const latencies: number[] = [];
	let next = 0;
	const cpu = process.cpuUsage();
	const start = performance.now();
	await Promise.all(sockets.map((socket) => exchange(socket, () => requests[next++], latencies)));
	const seconds = (performance.now() - start) / 1_000;
	const { user, system } = process.cpuUsage(cpu);
	for (const socket of sockets) socket.destroy();
	return { seconds, cpu: (user + system) / 1e6, latencies: latencies.sort((a, b) => a - b) };
}

function toRequest(host: string, path: string, authorization: string, body: string): Buffer {
	const head = [
		`POST ${path} HTTP/1.1`,
		`host: ${host}`,
		`authorization: ${authorization}`,
		"content-type: application/json",
		`content-length: ${Buffer.byteLength(body)}`,
	];
	return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function open(host: string, port: number): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const socket = connect({ host, port, noDelay: true });
		socket.once("connect", () => resolve(socket)).once("error", reject);
	});
}

/** Sends one request after the other over a connection until there is none left. */
function exchange(socket: Socket, take: () => Buffer | undefined, latencies: number[]): Promise<void> {
	return new Promise((resolve, reject) => {
		let answer = "";
		let start = 0;
		const sendNext = () => {
			const request = take();
			if (!request) return resolve();
			answer = "";
			start = performance.now();
			socket.write(request);
		};
		socket.on("data", (chunk: Buffer) => {
			answer += chunk.toString("latin1");
			if (!isWhole(answer)) return;
			latencies.push(performance.now() - start);
			if (answer.startsWith("HTTP/1.1 200 ")) sendNext();
			else reject(new Error(`the server answered ${answer.slice(0, 300)}`));
		});
		socket.on("error", reject).on("close", () => reject(new Error("the server closed a connection")));
		sendNext();
	});
}

/** Whether an answer has arrived to its end, as its length or its last chunk says. */
function isWhole(answer: string): boolean {
	const end = answer.indexOf("\r\n\r\n");
	if (end < 0) return false;
	const length = /\r\ncontent-length: *(\d+)/i.exec(answer);
	if (length && length.index <= end) return answer.length >= end + 4 + Number(length[1]);
	return answer.endsWith("\r\n0\r\n\r\n");
}

// A process of its own, so that making the load does not stop the one that measures.
process.on("message", async (load: Load) => {
	try {
		process.send?.({ report: await run(load) });
	} catch (error) {
		process.send?.({ error: String(error) });
	}
});
