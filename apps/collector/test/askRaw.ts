import { once } from "node:events";
import { connect } from "node:net";

/** Sends a request whose first line and headers are exactly these, as `fetch` would not let one, and reads its answer. */
export async function askRaw(port: number, line: string, headers: readonly string[] = [], body = "") {
	const socket = connect(port, "127.0.0.1");
	let answer = "";
	socket.on("data", (chunk) => {
		answer += chunk;
	});
	socket.write([`${line} HTTP/1.1`, "Connection: close", ...headers, "", body].join("\r\n"));
	await once(socket, "close");
	const [head = "", ...rest] = answer.split("\r\n\r\n");
	return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body: rest.join("\r\n\r\n") };
}
