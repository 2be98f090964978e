// Calls events through the built client and then just ends, or lives on until it is told to end.
import { createClient } from "../../../packages/sdk/dist/node/index.js";

const { host, writeKey, count, prefix, end, spool, closeTimeout } = JSON.parse(process.argv[2]);
process.on("warning", (warning) => console.error(warning));
const client = createClient({ writeKey, host, flushInterval: 60_000, ...(spool ? { spool } : {}) });
client.on("dropped", ({ reason }) => console.error(`dropped: ${reason}`));
for (let i = 0; i < count; i++) {
	client.track({ userId: `${prefix}-${i % 7}`, event: "Filled", messageId: `${prefix}-${i}`, properties: { i } });
}
console.log("called");
if (end === "wait") setInterval(() => {}, 1_000);
if (end === "close") await client.close(closeTimeout ? { timeout: closeTimeout } : {});
