import { comparePositions, compareUtf8 } from "@selfsame/identity";
import { describe, expect, it } from "vitest";

/** Characters from every region of the code space, and the edges between them. */
const characters = ["", "a", "é", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "🙂", "\u{10ffff}"];
const strings = characters.flatMap((a) => characters.map((b) => a + b));

describe("the order of events", () => {
	it("compares message ids as their UTF-8 bytes compare, which UTF-16 does not", () => {
		expect("\uffff" < "\u{10000}", "what JavaScript thinks").toBe(false);
		for (const a of strings) {
			for (const b of strings) {
				expect(Math.sign(compareUtf8(a, b)), `${a} and ${b}`).toBe(compareBytes(utf8(a), utf8(b)));
			}
		}
	});

	it("is by time, then message, then source", () => {
		const at = (timestamp: number, messageId: string, source: string) => ({ timestamp, messageId, source });
		const ordered = [at(1, "z", "z"), at(2, "a", "b"), at(2, "b", "a"), at(2, "b", "b")];
		expect([...ordered].reverse().sort(comparePositions)).toEqual(ordered);
		expect(comparePositions(at(2, "b", "b"), at(2, "b", "b"))).toBe(0);
	});
});

/** The bytes of a string, told by how an URL spells them. */
function utf8(text: string): number[] {
	return [...encodeURIComponent(text).matchAll(/%(..)|(.)/g)].map(([, hex, plain]) =>
		hex ? Number.parseInt(hex, 16) : (plain as string).charCodeAt(0),
	);
}

function compareBytes(a: number[], b: number[]): number {
	for (let i = 0; i < Math.min(a.length, b.length); i++) {
		const [x, y] = [a[i] as number, b[i] as number];
		if (x !== y) return Math.sign(x - y);
	}
	return Math.sign(a.length - b.length);
}
