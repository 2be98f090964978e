import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface HonestOptions {
	port: number;
	writeKey: string;
	userId: string;
	/** ms between two events; one that had to wait is followed at once by those that are due. */
	every: number;
	/** Where its key stands. Default: in a header. */
	keyIn?: "header" | "body";
}

/** A customer's client: one event at a time over one connection that is kept, on a schedule. */
export interface HonestSender {
	userId: string;
	/** Ids of events that were answered 200. */
	acknowledged: ReadonlySet<string>;
	/** What it was answered but 200, and connections that were closed on it. */
	refusals: readonly string[];
	/** ms that answers took. */
	latencies: readonly number[];
	/** Sends until it is stopped, or `most` events. What is refused is sent again. */
	run(most?: number): Promise<void>;
	/** Resolves, with `run`, once the event under way has its answer. */
	stop(): void;
}

/** ms until what was refused is sent again. */
const AGAIN = 50;

export function createHonestSender({ port, writeKey, userId, every, keyIn = "header" }: HonestOptions): HonestSender {
	const acknowledged = new Set<string>();
	const refusals: string[] = [];
	const latencies: number[] = [];
	const credentials = Buffer.from(`${writeKey}:`).toString("base64");
	const authorization = keyIn === "header" ? `authorization: Basic ${credentials}\r\n` : "";
	let isStopped = false;
	let socket: Socket | null = null;

	function request(messageId: string): string {
		const key = keyIn === "body" ? { writeKey } : {};
		const body = JSON.stringify({ ...key, type: "track", event: "Honest", messageId, userId });
		return `POST /v1/track HTTP/1.1\r\nhost: x\r\n${authorization}content-length: ${body.length}\r\n\r\n${body}`;
	}

	/** Sends an event and resolves with the answer's status, or why there is none. */
	function send(messageId: string): Promise<string> {
		return new Promise((resolve) => {
			const own = socket?.writable ? socket : connect({ port, host: "127.0.0.1", noDelay: true });
			socket = own;
			let answer = "";
			const finish = (result: string) => {
				own.removeAllListeners().on("error", () => {});
				resolve(result);
			};
			own.on("data", (chunk) => {
				answer += chunk.toString("latin1");
				const end = answer.indexOf("\r\n\r\n");
				const [, length] = /content-length: (\d+)/i.exec(answer) ?? [];
				if (end > 0 && answer.length >= end + 4 + Number(length)) finish(answer.slice(9, 12));
			});
			own.on("error", (error) => finish(error.message)).on("close", () => finish("closed"));
			own.write(request(messageId));
		});
	}

	async function deliver(messageId: string): Promise<void> {
		for (;;) {
			const start = performance.now();
			const result = await send(messageId);
			latencies.push(performance.now() - start);
			if (result === "200") return void acknowledged.add(messageId);
			refusals.push(result);
			if (isStopped && refusals.length > 1_000) return;
			await sleep(AGAIN);
		}
	}

	return {
		userId,
		acknowledged,
		refusals,
		latencies,
		async run(most = Number.POSITIVE_INFINITY) {
			isStopped = false;
			let due = performance.now();
			for (let sent = 0; sent < most && !isStopped; sent++) {
				await deliver(`${userId}-${acknowledged.size}`);
				due += every;
				const early = due - performance.now();
				if (early > 0) await sleep(early);
			}
			socket?.destroy();
			socket = null;
		},
		stop() {
			isStopped = true;
		},
	};
}
