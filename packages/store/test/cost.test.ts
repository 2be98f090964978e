import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Claims, EventType } from "@selfsame/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createReader } from "../src/sqlite/reader.ts";
import { createWriter } from "../src/sqlite/writer.ts";

const config = {
	...defaultIdentityConfig,
	identifiers: {
		...defaultIdentityConfig.identifiers,
		email: { priority: 2, limit: 5 },
		device_id: { priority: 20, limit: null },
	},
};
const many = 100_000;

let made = 0;
function event(timestamp: number, claims: Claims, type: EventType = "track"): AcceptedEvent {
	made += 1;
	const payload = "{}";
	return {
		source: "s",
		trust: "server",
		messageId: `m${made}`,
		type,
		timestamp,
		receivedAt: timestamp,
		claims,
		payload,
	};
}

/** What it costs, counted in rows: time would say more of the machine than of the design. */
describe("the cost of an identity decision", () => {
	let directory: string;
	let writer: ReturnType<typeof createWriter>;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "selfsame-cost-"));
		writer = createWriter(join(directory, "selfsame.db"), config);
	});
	afterEach(() => {
		writer.close();
		rmSync(directory, { recursive: true, force: true });
	});

	const send = (events: AcceptedEvent[]) => {
		for (let i = 0; i < events.length; i += 5_000) writer.ingest(events.slice(i, i + 5_000), []);
	};
	const costOf = (work: () => void) => {
		const before = { rows: writer.rowsWritten(), read: writer.decisions().evidenceRead };
		work();
		return { rows: writer.rowsWritten() - before.rows, read: writer.decisions().evidenceRead - before.read };
	};
	const eventCount = (userId: string) => {
		const reader = createReader(join(directory, "selfsame.db"), config);
		const profile = reader.findProfile({ type: "user_id", value: userId }, {});
		reader.close();
		return profile?.eventCount;
	};

	it("merging two people of 100,000 events each writes a handful of rows, and no event's", { timeout: 120_000 }, () => {
		const history = (userId: string) => Array.from({ length: many }, (_, i) => event(i, { userId }));
		send([...history("u1"), ...history("u2")]);
		const merge = { kind: "merge" as const, userId: "u1", otherUserId: "u2" };
		const cost = costOf(() => writer.correct(merge, { actor: "t", reason: "r", at: many }));
		expect(eventCount("u1")).toBe(2 * many);
		expect(cost.rows).toBeLessThan(20);
		expect(cost.read).toBe(0);
	});

	it("a sign-in brings 100,000 anonymous events along with a handful of rows", { timeout: 120_000 }, () => {
		send(Array.from({ length: many }, (_, i) => event(i, { anonymousId: "a" })));
		send([event(0, { userId: "u" })]);
		const cost = costOf(() => send([event(many, { userId: "u", anonymousId: "a" })]));
		expect(eventCount("u")).toBe(many + 2);
		expect(cost.rows).toBeLessThan(20);
		expect(cost.read).toBe(0);
	});

	it("joining a region of 1,000 identifiers with one more relabels the one", () => {
		send(
			Array.from({ length: 1_000 }, (_, i) =>
				event(i, { anonymousId: `a${i}`, externalIds: [{ type: "device_id", id: "hub" }] }),
			),
		);
		send([event(5_000, { anonymousId: "late" })]);
		const join = event(5_001, { anonymousId: "late", externalIds: [{ type: "device_id", id: "hub" }] });
		const cost = costOf(() => send([join]));
		expect(cost.rows).toBeLessThan(20);
		expect(cost.read).toBe(0);
	});

	it("late evidence about one of a person's 1,000 devices reads what stands beside it, and nothing of the others", () => {
		send(Array.from({ length: 1_000 }, (_, i) => event(1_000 + i, { userId: "u", anonymousId: `a${i}` })));
		send(Array.from({ length: 500 }, (_, i) => event(3_000 + i, { userId: "v", anonymousId: `a${i}` })));
		const settled = costOf(() => send([event(1, { userId: "w", anonymousId: "a700" })]));
		expect(settled.read).toBeLessThan(5);
		const contested = costOf(() => send([event(2_500, { userId: "w", anonymousId: "a100" })]));
		expect(contested.read).toBeLessThan(5);
		expect(contested.rows).toBeLessThan(20);
	});

	it("late evidence about a device of two people with 10,000 links each reads what stands beside it", {
		timeout: 60_000,
	}, () => {
		send(
			Array.from({ length: 20_000 }, (_, i) =>
				event(i * 10, { userId: `u${Math.floor(i / 50) % 2}`, anonymousId: "till" }),
			),
		);
		const cost = costOf(() => send([event(100_003, { userId: "u2", anonymousId: "till" })]));
		expect(cost.read).toBeLessThan(5);
		expect(cost.rows).toBeLessThan(20);
	});

	it("late evidence in a contested region of 1,000 identifiers reads each piece of that region's evidence once", () => {
		const hub = { externalIds: [{ type: "device_id", id: "hub" }] };
		send(Array.from({ length: 999 }, (_, i) => event(i, { anonymousId: `a${i}`, ...hub })));
		send([event(2_000, { userId: "u", ...hub }), event(3_000, { userId: "v", ...hub })]);
		send(Array.from({ length: 5_000 }, (_, i) => event(i, { userId: "stranger", anonymousId: `b${i}` })));
		const cost = costOf(() => send([event(1_500, { userId: "w", ...hub })]));
		expect(cost.read).toBeLessThanOrEqual(1_010);
	});

	it("events of two people who share an email, a thousand each, read nothing when they come in their order", () => {
		const emails = ["family@home.example"];
		const alternate = (from: number) =>
			Array.from({ length: 1_000 }, (_, i) =>
				event(from + i, { userId: `u${i % 2}`, anonymousId: `a${i % 2}`, emails }),
			);
		send([event(0, { anonymousId: "tablet", emails }), ...alternate(1)]);
		const cost = costOf(() => send(alternate(2_000)));
		expect(cost.read).toBe(0);
		expect(eventCount("u0")).toBeGreaterThan(1_000);
	});

	it("a device that an alias linked to one person and that another has reads nothing of its history", () => {
		const alias = (at: number, userId: string) => event(at, { userId, previousId: "dev" }, "alias");
		send([event(0, { anonymousId: "dev" }), alias(1, "u1"), event(2, { userId: "u2", anonymousId: "dev" })]);
		const more = (from: number) =>
			Array.from({ length: 2_000 }, (_, i) => event(from + i, { userId: `u${i % 3}`, anonymousId: "dev" }));
		expect(costOf(() => send(more(10_000))).read).toBeLessThan(5);
		expect(costOf(() => send(more(20_000))).read).toBeLessThan(5);
		const late = costOf(() =>
			send(Array.from({ length: 100 }, (_, i) => event(15_000 + i, { userId: "u2", anonymousId: "dev" }))),
		);
		expect(late.read).toBeLessThan(500);
		const aliases = Array.from({ length: 1_000 }, (_, i) => alias(30_000 + i, `v${i}`));
		expect(costOf(() => send(aliases.slice(0, 500))).read).toBeLessThan(5);
		expect(costOf(() => send(aliases.slice(500))).read).toBeLessThan(5);
		expect(costOf(() => send(more(40_000))).read).toBeLessThan(5);
	});

	describe("after a correction", () => {
		const by = (at: number) => ({ actor: "t", reason: "r", at });
		const seenWith = (at: number, userId: string) => event(at, { userId, anonymousId: "dev" });
		const history = (from: number, userId: string) =>
			Array.from({ length: 10_000 }, (_, i) => seenWith(from + i, userId));
		const device = { type: "anonymous_id", value: "dev" };

		it("evidence about a device reads nothing of what the correction took away, on time or late", () => {
			send([...history(0, "u1"), ...history(20_000, "u2"), ...history(40_000, "u1"), ...history(60_000, "u3")]);
			const unlink = { kind: "unlink" as const, identifier: device, from: { type: "user_id", value: "u1" } };
			writer.correct(unlink, by(80_000));
			const onTime = Array.from({ length: 500 }, (_, i) => seenWith(90_000 + i, `u${(i % 3) + 1}`));
			expect(costOf(() => send(onTime)).read).toBeLessThan(5);
			const late = (from: number) => Array.from({ length: 100 }, (_, i) => seenWith(from + i * 10, "u2"));
			const cost = costOf(() => send([...late(45_000), ...late(5_000), ...late(65_000)]));
			expect(cost.read).toBeLessThan(1_500);
			expect(cost.rows).toBeLessThan(5_000);
			expect(eventCount("u1")).toBe(20_000 + 167);
		});

		it("events of a device that an alias linked before it was undone read nothing of its history", () => {
			send([event(0, { anonymousId: "dev" }), event(1, { userId: "u1", previousId: "dev" }, "alias")]);
			send(history(20_000, "u2"));
			writer.correct({ kind: "unmerge", userId: "u1" }, by(80_000));
			send([seenWith(89_000, "u3")]);
			expect(costOf(() => send(history(90_000, "u2"))).read).toBeLessThan(10);
			const undone = event(50_000, { userId: "u1", previousId: "dev" }, "alias");
			expect(costOf(() => send([undone])).read).toBeLessThan(5);
		});

		it("events of people who share an email read nothing when they come in their order", () => {
			const emails = ["family@home.example"];
			const alternate = (from: number) =>
				Array.from({ length: 1_000 }, (_, i) =>
					event(from + i, { userId: `u${i % 2}`, anonymousId: `a${i % 2}`, emails }),
				);
			send([event(0, { anonymousId: "tablet", emails }), ...alternate(1)]);
			const [identifier, from] = [
				{ type: "email", value: "family@home.example" },
				{ type: "user_id", value: "u1" },
			];
			writer.correct({ kind: "unlink", identifier, from }, by(1_500));
			// The first that the other one sends since then finds a region that was not contested any more: once.
			expect(costOf(() => send(alternate(2_000))).read).toBeLessThan(1_010);
			expect(costOf(() => send(alternate(3_000))).read).toBe(0);
		});
	});

	it("an event of somebody with more emails than one profile holds reads nothing when it brings nothing new", () => {
		const withEmail = (i: number) => event(i, { userId: "agent", emails: [`e${i % 7}@desk.example`] });
		send(Array.from({ length: 7_000 }, (_, i) => withEmail(i)));
		const cost = costOf(() => send([withEmail(7_000), withEmail(7_001)]));
		expect(cost.read).toBe(0);
	});

	it("a new email of somebody with 900 of them reads nothing, one by one as well as in one batch", () => {
		const grow = (from: number, to: number) =>
			Array.from({ length: to - from }, (_, i) =>
				event(from + i, { userId: "desk", emails: [`e${from + i}@x.example`] }),
			);
		send(grow(0, 900));
		for (const i of [900, 901, 902]) {
			const cost = costOf(() => send(grow(i, i + 1)));
			expect(cost.read).toBe(0);
			expect(cost.rows).toBeLessThan(20);
		}
		expect(costOf(() => send(grow(903, 1_000))).read).toBe(0);
		// The one that makes a crowd takes each piece of evidence into account once; those after it none.
		expect(costOf(() => send(grow(1_000, 1_001))).read).toBeLessThanOrEqual(1_001);
		const cost = costOf(() =>
			send([...grow(1_001, 1_002), event(2_000, { userId: "desk", emails: ["e5@x.example"] })]),
		);
		expect(cost.read).toBe(0);
		expect(cost.rows).toBeLessThan(30);
	});

	it("a new email that comes late replays what the person's emails have, each piece once", () => {
		const late = (i: number) => event(10_000 - i, { userId: "desk", emails: [`e${i}@x.example`] });
		send(Array.from({ length: 500 }, (_, i) => late(i)));
		expect(costOf(() => send([late(500)])).read).toBeLessThanOrEqual(501);
	});

	it("an email that is taken from its owner by somebody at a limit reads nothing", () => {
		send(Array.from({ length: 200 }, (_, i) => event(i, { userId: `u${i}`, emails: [`e${i}@x.example`] })));
		const take = (i: number, at = 1_000 + i) => event(at, { userId: "kiosk", emails: [`e${i}@x.example`] });
		send(Array.from({ length: 100 }, (_, i) => take(i)));
		expect(costOf(() => send([take(100), take(101), take(5, 2_000)])).read).toBe(0);
	});

	it("ids that nothing is known of join an email of two people, and one of nobody, without a replay", () => {
		const garbage = (from: number, to: number, email: string) =>
			Array.from({ length: to - from }, (_, i) =>
				event(from + i, { anonymousId: `${email} ${from + i}`, emails: [`${email}@x.example`] }),
			);
		for (const user of ["u", "v", "u"]) send([event(made, { userId: user, emails: ["two@x.example"] })]);
		for (const email of ["two", "nobody"]) {
			send(garbage(1_000, 3_000, email));
			const cost = costOf(() => send(garbage(3_000, 3_002, email)));
			expect(cost.read).toBeLessThan(5);
			expect(cost.rows).toBeLessThan(40);
			// Late ones as well.
			expect(costOf(() => send(garbage(10, 11, email))).read).toBeLessThan(5);
		}
	});

	it("late evidence about an email of two people with 5,000 links each reads what stands beside it", () => {
		send(Array.from({ length: 10_000 }, (_, i) => event(100 + i, { userId: `u${i % 2}`, emails: ["till@x.example"] })));
		const cost = costOf(() => send([event(50, { userId: "u1", emails: ["till@x.example"] })]));
		expect(cost.read).toBeLessThan(5);
		expect(cost.rows).toBeLessThan(20);
	});

	it("an email of ever more people is decided once more, and then no more", () => {
		const use = (i: number) => event(i, { userId: `u${i}`, emails: ["info@x.example"] });
		send(Array.from({ length: 99 }, (_, i) => use(i)));
		expect(costOf(() => send([use(99)])).read).toBeLessThan(5);
		expect(costOf(() => send([use(100)])).read).toBeLessThanOrEqual(101);
		const cost = costOf(() => send([use(101), use(102), use(5)]));
		expect(cost.read).toBe(0);
		expect(cost.rows).toBeLessThan(30);
	});
});
