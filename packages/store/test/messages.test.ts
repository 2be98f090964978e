import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createMessages } from "../src/sqlite/messages.ts";
import { openWriter } from "../src/sqlite/openDatabase.ts";

/** Few enough that every batch files some, and that rounds end. */
const mostUnfiled = 40;

type Step =
	| { kind: "batch"; ids: number[]; fails: boolean }
	| { kind: "elsewhere"; ids: number[] }
	| { kind: "reopen" };

const ids = fc.array(fc.nat(600), { maxLength: 60, size: "max" });
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 8, arbitrary: fc.record({ kind: fc.constant("batch" as const), ids, fails: fc.boolean() }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant("elsewhere" as const), ids }) },
	{ weight: 2, arbitrary: fc.constant<Step>({ kind: "reopen" }) },
);

/** One connection to the file, as ingest uses it: the messages it takes for new ones become events. */
function connect(file: string) {
	const database = openWriter(file);
	const messages = createMessages(database, mostUnfiled);
	const put = database.prepare(
		"INSERT INTO events (seq, source, message_id, type, trusted, ts, received_at) VALUES (?, ?, ?, 0, 1, 0, 0)",
	);
	return {
		close: () => database.close(),
		forget: messages.forget,
		/** Which of the ids were new. */
		send(batch: readonly number[], fails = false): number[] {
			database.exec("BEGIN IMMEDIATE");
			let seq = messages.last();
			const isNew = messages.add(batch.map((id) => ({ source: `s${id % 3}`, messageId: `m${id}` })));
			const taken = batch.filter((_, index) => isNew[index]);
			for (const id of taken) put.run(++seq, `s${id % 3}`, `m${id}`);
			messages.file(seq);
			database.exec(fails ? "ROLLBACK" : "COMMIT");
			if (fails) messages.forget();
			else messages.settle();
			return taken;
		},
		filed: () => database.prepare("SELECT count(*) FROM messages").pluck().get() as number,
		unread: () =>
			database
				.prepare("SELECT count(*) FROM events WHERE seq > (SELECT value + 0 FROM meta WHERE name = 'messages_filed')")
				.pluck()
				.get() as number,
	};
}

it("takes every message once, whatever fails, is opened again or comes in through another connection", () => {
	fc.assert(
		fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
			const directory = mkdtempSync(join(tmpdir(), "selfsame-messages-"));
			const file = join(directory, "selfsame.db");
			const known = new Set<number>();
			const open = [connect(file), connect(file)] as [ReturnType<typeof connect>, ReturnType<typeof connect>];
			const expected = (batch: readonly number[]) => [...new Set(batch)].filter((id) => !known.has(id));
			try {
				for (const one of steps) {
					if (one.kind === "reopen") {
						open[0].close();
						open[0] = connect(file);
					} else if (one.kind === "batch") {
						open[0].forget();
						expect(open[0].send(one.ids, one.fails)).toEqual(expected(one.ids));
						if (!one.fails) for (const id of one.ids) known.add(id);
					} else if (one.kind === "elsewhere") {
						open[1].forget();
						expect(open[1].send(one.ids)).toEqual(expected(one.ids));
						for (const id of one.ids) known.add(id);
					}
				}
			} finally {
				for (const connection of open) connection.close();
				rmSync(directory, { recursive: true, force: true });
			}
		}),
		{ numRuns: 30, endOnFailure: true },
	);
});

it("files what it does not keep, and reads little of it again when it is opened", () => {
	const directory = mkdtempSync(join(tmpdir(), "selfsame-messages-"));
	const file = join(directory, "selfsame.db");
	try {
		let connection = connect(file);
		for (let id = 0; id < 4_000; id += 20) {
			connection.send(Array.from({ length: 20 }, (_, i) => id + i));
			if (id % 500 > 0) continue;
			connection.close();
			connection = connect(file);
			expect(connection.send(Array.from({ length: id + 20 }, (_, known) => known))).toEqual([]);
		}
		expect(connection.filed()).toBeGreaterThanOrEqual(4_000 - mostUnfiled);
		expect(connection.unread()).toBeLessThanOrEqual(5 * mostUnfiled);
		connection.close();
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
});
