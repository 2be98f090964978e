import { connect, type Socket } from "node:net";
import type { HostileRequest } from "./createHostile.ts";

/** ms after which an answer that does not come is a fault. */
const PATIENCE = 20_000;

/** One hostile sender after another: each request from an address of its own, where the system has as many. */
export function createHostileClient(port: number, addressOf: () => string) {
	let socket: Socket | null = null;

	/** Sends it and resolves with the answer's status: 0 where there is none. @throws when none comes in time. */
	return ({ bytes, until, isHead }: HostileRequest): Promise<number> =>
		new Promise((resolve, reject) => {
			const own = socket?.writable
				? socket
				: connect({ port, host: "127.0.0.1", localAddress: addressOf(), noDelay: true });
			socket = own;
			let answer = "";
			const late = setTimeout(
				() => finish(new Error(`No answer within ${PATIENCE} ms to ${bytes.subarray(0, 300)}`)),
				PATIENCE,
			);
			function finish(result: number | Error, keep = false): void {
				clearTimeout(late);
				own.removeAllListeners().on("error", () => {});
				if (!keep) {
					own.destroy();
					socket = null;
				}
				if (result instanceof Error) reject(result);
				else resolve(result);
			}
			own.on("data", (chunk) => {
				answer += chunk.toString("latin1");
				// "100 Continue" comes before the answer, often in one piece with it.
				if (/^HTTP\/1\.1 100.*?\r\n\r\n/s.test(answer)) answer = answer.slice(answer.indexOf("\r\n\r\n") + 4);
				const isThere = until === "answer" ? isWhole(answer, isHead) : answer.includes("\r\n\r\n");
				if (isThere) finish(Number(answer.slice(9, 12)), until === "answer" && !/\r\nconnection: close/i.test(answer));
			});
			own.on("error", () => finish(0)).on("close", () => finish(Number(answer.slice(9, 12)) || 0));
			own.write(bytes);
			// Long enough for some answers, and too short for others.
			if (until === "leave") setTimeout(() => finish(Number(answer.slice(9, 12)) || 0), 3);
		});
}

function isWhole(answer: string, isHead: boolean): boolean {
	const end = answer.indexOf("\r\n\r\n");
	if (end < 0) return false;
	const head = answer.slice(0, end);
	if (isHead || /^HTTP\/1\.1 (204|304)/.test(head)) return true;
	const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
	return length === undefined ? answer.endsWith("0\r\n\r\n") : answer.length >= end + 4 + Number(length);
}
