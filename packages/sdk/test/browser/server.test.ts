import { expect, test } from "vitest";
import { createClient } from "../../src/browser/index.ts";

const options = { writeKey: "wk", host: "https://events.shop.example" };

test("on a server the browser client goes nowhere and harms nothing", async () => {
	const client = createClient(options);
	const dropped = { status: "dropped", reason: "server" };
	expect(await client.track("Rendered")).toMatchObject(dropped);
	expect(await client.identify("u1")).toMatchObject(dropped);
	expect(await client.page()).toMatchObject(dropped);
	expect(client.use({ name: "p" })).toBe(client);
	expect(client.getAnonymousId()).toBe("");
	client.reset();
	client.setConsent("granted");
	await client.ready();
	await client.flush();
});

test("missing options are said at once", () => {
	expect(() => createClient({ ...options, writeKey: "" })).toThrow(/writeKey/);
	expect(() => createClient({ ...options, host: "" })).toThrow(/host/);
	expect(() => createClient(undefined as never)).toThrow(/writeKey/);
});
