import fc from "fast-check";
import { expect, test } from "vitest";
import { createMessageId } from "../../src/core/createMessageId.ts";

test("ids are version 7 UUIDs of their time that sort as they were made, whatever the clock and the random bytes do", () => {
	const time = fc.integer({ min: 1, max: 2 ** 47 });
	const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 });
	fc.assert(
		fc.property(fc.array(fc.tuple(time, bytes), { minLength: 1, maxLength: 50 }), (moments) => {
			let i = 0;
			const newId = createMessageId({
				now: () => (moments[i] as [number, Uint8Array])[0],
				randomBytes: () => (moments[i] as [number, Uint8Array])[1],
			});
			let latest = 0;
			let before = "";
			for (i = 0; i < moments.length; i++) {
				const id = newId();
				latest = Math.max(latest, (moments[i] as [number, Uint8Array])[0]);
				expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
				expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(latest);
				expect(id > before).toBe(true);
				before = id;
			}
		}),
	);
});

test("a million ids within one millisecond are all different and in order", () => {
	const newId = createMessageId({ now: () => 1, randomBytes: (length) => new Uint8Array(length).fill(255) });
	let before = newId();
	for (let i = 0; i < 1_000_000; i++) {
		const id = newId();
		if (id <= before) throw new Error(`${id} after ${before}`);
		before = id;
	}
});
