// Calls events into a spool for ever and reports each one it has called, until it is killed in the middle of it.
import { writeSync } from "node:fs";
import { createClient } from "../../../src/node/index.ts";

const { host, spool } = JSON.parse(process.argv[2] as string) as { host: string; spool: string };
const client = createClient({ writeKey: "WK", host, spool, timeout: 500 });
for (let i = 0; ; i++) {
	client.track({
		userId: `u${i % 97}`,
		event: "E",
		messageId: `${process.pid}-${i}`,
		properties: { text: "x".repeat(200) },
	});
	say(`${i}\n`);
	if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}

/** The pipe may be full while the test is busy: then the process waits, as it would in a blocking write. */
function say(line: string): void {
	for (;;) {
		try {
			writeSync(1, line);
			return;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
		}
	}
}
