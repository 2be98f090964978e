import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";

/** What somebody without a key may do to a server from one address. */
export interface Attack {
	name: string;
	/** Begins it against a port of this machine; the function that it answers ends it. */
	start(port: number): () => void;
}

const get = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`;
const post = (body: string | Buffer, headers = "") =>
	Buffer.concat([
		Buffer.from(`POST /v1/batch HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n`),
		Buffer.from(body),
	]);
const declare = (bytes: number) => `POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n{`;

interface Line {
	/** Sent when the connection opens. */
	first: string | Buffer;
	/** Sent again and again: after each answer, or as fast as the other side takes it. */
	next?: { bytes: string | Buffer; when: "answered" | "taken" };
	/** Whether answers are left where they are. */
	isDeaf?: boolean;
}

/** So many connections that do the same, each opened anew once it is closed. */
function lines(count: number, { first, next, isDeaf }: Line): Attack["start"] {
	return (port) => {
		const open = new Set<Socket>();
		let isOver = false;
		const begin = () => {
			const socket = connect(port, "127.0.0.1");
			open.add(socket);
			const pump = () => {
				while (!isOver && next?.when === "taken" && !socket.destroyed && socket.write(next.bytes)) {
					// Until the other side's buffers are full.
				}
			};
			socket.on("connect", () => socket.write(first, pump)).on("drain", pump);
			if (isDeaf) socket.pause();
			else socket.on("data", () => next?.when === "answered" && socket.write(next.bytes));
			socket.on("error", () => {});
			socket.on("close", () => {
				open.delete(socket);
				if (!isOver) setTimeout(begin, 5);
			});
		};
		for (let at = 0; at < count; at++) begin();
		return () => {
			isOver = true;
			for (const socket of open) socket.destroy();
		};
	};
}

const bomb = gzipSync(`{"writeKey":"none","x":[${"[],".repeat(1_390_000)}[]]}`);
const chunked = "POST /v1/batch HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n";
const nested = `{"writeKey":"none","batch":[${"[".repeat(30_000)}${"]".repeat(30_000)}]}`;
const again = (bytes: string | Buffer) => ({ first: bytes, next: { bytes, when: "answered" as const } });

/** One of each kind that is known. Each is bounded, and ends when it is told to. */
export const attacks: readonly Attack[] = [
	{
		name: "bodies in chunks of one byte",
		start: lines(4, { first: `${chunked}\r\n`, next: { bytes: "1\r\n \r\n".repeat(2_000), when: "taken" } }),
	},
	{
		name: "chunks with extensions",
		start: lines(4, {
			first: `${chunked}\r\n`,
			next: { bytes: `1;${"x=y;".repeat(200)}\r\n \r\n`.repeat(20), when: "taken" },
		}),
	},
	{
		name: "pipelined assets that nobody reads",
		start: lines(50, { first: get("/docs/swagger-ui-bundle.js").repeat(100), isDeaf: true }),
	},
	{
		name: "pipelined descriptions that nobody reads",
		start: lines(50, { first: get("/openapi.json").repeat(100), isDeaf: true }),
	},
	{ name: "bodies declared and not sent", start: lines(256, { first: declare(65_536) }) },
	{ name: "large bodies declared and not sent", start: lines(16, { first: declare(4_194_304) }) },
	{ name: "compressed bodies that become large", start: lines(8, again(post(bomb))) },
	{ name: "bodies that nest", start: lines(8, again(post(nested))) },
	{ name: "wrong keys", start: lines(32, again(post('{"batch":[]}', "authorization: Bearer wrong\r\n"))) },
	{
		name: "wrong keys for the profile API",
		start: lines(32, again(get("/v1/profiles", "authorization: Bearer x\r\n"))),
	},
	{ name: "questions whether it is ready", start: lines(200, again(get("/ready"))) },
	{ name: "headers that come slowly", start: lines(300, { first: "POST /v1/batch HTTP/1.1\r\nhost: x\r\nx-slow: " }) },
	{
		name: "floods of headers",
		start: lines(16, { first: `GET / HTTP/1.1\r\nhost: x\r\n${"x-flood: yes\r\n".repeat(5_000)}` }),
	},
	{ name: "connections that say nothing", start: lines(2_500, { first: "" }) },
	{
		name: "answers pipelined by the thousand",
		start: lines(8, {
			first: get("/health"),
			next: { bytes: get("/health").repeat(200), when: "taken" },
			isDeaf: true,
		}),
	},
	{
		name: "upgrades, tunnels and traces",
		start: lines(32, {
			first: `${get("/v1/batch", "upgrade: websocket\r\nconnection: upgrade\r\n")}CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\nTRACE / HTTP/1.1\r\nhost: x\r\n\r\n`,
		}),
	},
	{
		name: "bodies announced and never sent",
		start: lines(64, {
			first: "POST /v1/batch HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 60000\r\n\r\n",
		}),
	},
];
