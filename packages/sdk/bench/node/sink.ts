// A collector that only counts, in a process of its own. Arguments: the latency of its answers in ms.
import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";

const latency = Number(process.argv[2] ?? 0);
const seen = { events: 0, bytes: 0, requests: 0 };

function count(bytes: Buffer): number {
	const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString();
	// Counting by a field that every client writes once an event is cheaper than parsing, and the same for all.
	return text.split('"sku"').length - 1 || text.split("sku").length - 1 || countEncoded(text);
}

/** Snowplow sends its events' data in base64. */
function countEncoded(text: string): number {
	const body = JSON.parse(text) as { data?: unknown[]; batch?: unknown[] };
	return (body.data ?? body.batch ?? []).length;
}

const server = createServer((request, response) => {
	if (request.url === "/seen") {
		response.end(JSON.stringify(seen));
		return;
	}
	const chunks: Buffer[] = [];
	request.on("data", (chunk) => chunks.push(chunk));
	request.on("end", () => {
		const bytes = Buffer.concat(chunks);
		const answer = () => response.writeHead(200, { "content-type": "application/json" }).end('{"success":true}');
		if (latency > 0) setTimeout(answer, latency);
		else answer();
		if (request.method !== "POST") return;
		seen.requests++;
		seen.bytes += bytes.length;
		seen.events += count(bytes);
	});
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as { port: number }).port));
