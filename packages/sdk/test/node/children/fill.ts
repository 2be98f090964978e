// Calls as many events as it is told to, then ends in the way it is told to. Its parent looks at what arrived.
import { createClient } from "../../../src/node/index.ts";

const { host, count, end, spool, exitTimeout } = JSON.parse(process.argv[2] as string) as {
	host: string;
	count: number;
	/** `script`: just ends. `wait`: lives on. `handler`: has its own SIGTERM listener. `off`: without hooks. */
	end: "script" | "wait" | "handler" | "off";
	spool?: string;
	exitTimeout?: number;
};

const client = createClient({
	writeKey: "WK",
	host,
	flushInterval: 60_000,
	flushOnExit: end !== "off",
	...(spool && { spool }),
	...(exitTimeout && { exitTimeout }),
});
let dropped = 0;
client.on("dropped", () => dropped++);
for (let i = 0; i < count; i++) client.track({ userId: `u${i % 97}`, event: "E", messageId: `${process.pid}-${i}` });
if (end === "wait") setInterval(() => {}, 1_000);
if (end === "handler") {
	const alive = setInterval(() => {}, 1_000);
	process.once("SIGTERM", async () => {
		// An application that takes its time before it closes what it holds.
		await new Promise((resolve) => setTimeout(resolve, 50));
		await client.close();
		process.stdout.write(`closed ${dropped}\n`);
		clearInterval(alive);
	});
}
process.stdout.write("called\n");
