// A function whose process is stopped whenever its handler has returned, as AWS Lambda does it: SIGSTOP to itself.
import { writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "../../../src/node/index.ts";

const { host, count, scoped } = JSON.parse(process.argv[2] as string) as {
	host: string;
	count: number;
	scoped: boolean;
};
const client = createClient({ writeKey: "WK", host, flushInterval: 60_000 });

async function work(invocation: number): Promise<void> {
	for (let i = 0; i < 10; i++) {
		client.track({ userId: `u${i}`, event: "Invoked", messageId: `${invocation}-${i}` });
		if (i === 5) await pause(1);
	}
}

for (let invocation = 0; invocation < count; invocation++) {
	await (scoped ? client.scope(() => work(invocation)) : work(invocation));
	writeSync(1, `${invocation}\n`);
	process.kill(process.pid, "SIGSTOP");
}
