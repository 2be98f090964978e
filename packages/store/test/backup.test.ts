import { dirname, join } from "node:path";
import { defaultIdentityConfig } from "@selfsame/identity";
import { sqliteFile } from "@selfsame/store";
import { expect, it } from "vitest";
import { openTempStore } from "./tempStore.ts";
import { toAccepted } from "./toAccepted.ts";

it("a backup ends though ingest does not", async () => {
	const temp = await openTempStore(defaultIdentityConfig, "sqlite");
	let sent = 0;
	const ingest = (count: number, note: string) =>
		temp.store.ingest(
			Array.from({ length: count }, () => {
				sent += 1;
				const event = { type: "track" as const, event: "Seen", messageId: `m${sent}`, userId: "u1" };
				const context = { note } as never;
				return toAccepted(
					{ ...event, timestamp: "2026-01-31T12:00:00.000Z", context },
					{ source: "server", trust: "server" },
				);
			}),
		);
	for (let batch = 0; batch < 20; batch++) await ingest(250, "x".repeat(20_000));

	let isDone = false;
	const backup = temp.store.backup(join(dirname(sqliteFile(temp.url)), "copy.db")).then(() => {
		isDone = true;
	});
	let commits = 0;
	while (!isDone && commits < 3_000) {
		await ingest(1, "");
		commits += 1;
	}
	expect(commits, "commits until the backup was done").toBeLessThan(3_000);
	await backup;
	await temp.remove();
});
