import { fork } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";

async function flood(how: "bound" | "free"): Promise<{ young: number; left: number }> {
	const child = fork(new URL("./boundHeapChild.ts", import.meta.url), [how], {
		execArgv: ["--conditions=@selfsame/source"],
	});
	const [report] = await once(child, "message");
	return report as { young: number; left: number };
}

it("keeps V8's space for new objects small, and gives dropped buffers back", async () => {
	const [bound, free] = [await flood("bound"), await flood("free")];
	console.info(
		`MB of new objects ${bound.young} (left to V8 ${free.young}), of dropped buffers ${bound.left} (${free.left})`,
	);
	expect(bound.young).toBeLessThan(48);
	expect(free.young).toBeGreaterThan(bound.young);
	// Of what is dropped in one go nothing need be left, and of eight times that never all.
	expect(bound.left).toBeLessThan(24);
	expect(free.left).toBeGreaterThan(bound.left);
});
