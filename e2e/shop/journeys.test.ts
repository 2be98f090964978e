import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProfileView, StoredEvent } from "../support/profileApi.ts";
import { type RunningShop, startShop } from "../support/startShop.ts";
import { useBrowser } from "../support/useCollector.ts";
import { openShop } from "./openShop.ts";

const launched = useBrowser();
let shop: RunningShop;
beforeAll(async () => {
	shop = await startShop();
});
afterAll(() => shop?.close());

/** The profile and all of its events, once there is an event with this name on it. */
async function untilTracked(ref: string, name: string): Promise<{ profile: ProfileView; events: StoredEvent[] }> {
	let events: StoredEvent[] = [];
	await expect
		.poll(
			async () => {
				events = await shop.profiles.events(ref);
				return events.map((event) => event.event);
			},
			{ timeout: 40_000 },
		)
		.toContain(name);
	const profile = await shop.profiles.find(ref);
	if (!profile) throw new Error(`${ref} has events and no profile`);
	return { profile, events };
}

const valuesOf = (profile: ProfileView, type: string) =>
	profile.identifiers.filter((identifier) => identifier.type === type).map((identifier) => identifier.value);

test("from a first look to an order: one profile holds what happened before and after the sign-in", async () => {
	const visitor = await openShop(launched.browser, shop);
	const ref = await visitor.ref();
	const anonymousId = ref.slice("anonymous_id:".length);
	await visitor.addToCart("Harbour mug", "Ember");

	const before = await untilTracked(ref, "Cart Viewed");
	expect(valuesOf(before.profile, "user_id")).toEqual([]);
	expect(before.profile.traits).toEqual({});

	await visitor.page.getByRole("link", { name: "Sign in to check out" }).click();
	await visitor.signIn("Ines Lund", "ines@example.com");
	await visitor.page.getByRole("button", { name: "Place the order" }).click();
	await visitor.page.getByRole("heading", { name: "Thank you, Ines" }).waitFor();

	const { profile, events } = await untilTracked(ref, "Order Completed");
	const [userId] = valuesOf(profile, "user_id");
	expect(userId).toMatch(/^customer-/);
	expect(valuesOf(profile, "anonymous_id")).toEqual([anonymousId]);
	expect(profile.traits).toEqual({ name: "Ines Lund", email: "ines@example.com" });
	expect((await shop.profiles.find(`user_id:${userId}`))?.id).toBe(profile.id);
	expect(profile.eventCount).toBe(events.length);
	expect(events.every((event) => event.anonymousId === anonymousId)).toBe(true);

	const anonymous = events.filter((event) => event.userId === undefined);
	const signedIn = events.filter((event) => event.userId === userId);
	expect(anonymous.length + signedIn.length).toBe(events.length);
	expect(anonymous.flatMap((event) => event.event ?? [])).toEqual(
		expect.arrayContaining(["Product Viewed", "Product Added", "Cart Viewed"]),
	);
	expect(signedIn.flatMap((event) => event.event ?? [])).toEqual(
		expect.arrayContaining(["Signed In", "Checkout Started", "Order Completed"]),
	);
	const paths = events.filter((event) => event.type === "page").map((event) => event.properties?.path);
	expect(paths).toEqual(
		expect.arrayContaining(["/demo", "/demo/products/harbour-mug", "/demo/cart", "/demo/sign-in", "/demo/thank-you"]),
	);
	const order = events.filter((event) => event.event === "Order Completed");
	expect(order).toHaveLength(1);
	expect(order[0]?.properties).toMatchObject({
		currency: "EUR",
		products: [{ product_id: "harbour-mug", variant: "Ember", price: 24, quantity: 1 }],
	});

	await visitor.page.reload();
	await visitor.page.getByRole("heading", { name: "Thank you, Ines" }).waitFor();
	await visitor.page.goto(`${shop.url}/demo/products/lantern`);
	const later = await untilTracked(`${ref}`, "Product Viewed");
	expect(later.events.filter((event) => event.event === "Order Completed")).toHaveLength(1);
	expect(visitor.faults).toEqual([]);
	await visitor.close();
});

test("a second device of the same person joins, with what it did before it was known", async () => {
	const laptop = await openShop(launched.browser, shop);
	await laptop.addToCart("Tide bowl", "Sea glass");
	await laptop.signIn("Noor Haddad", "noor@example.com");
	const first = await untilTracked(await laptop.ref(), "Signed In");

	const phone = await openShop(launched.browser, shop);
	await phone.addToCart("Marsh lantern", "Moss");
	const stranger = await untilTracked(await phone.ref(), "Product Added");
	expect(stranger.profile.id).not.toBe(first.profile.id);
	await phone.signIn("Noor Haddad", "NOOR@example.com");
	const { profile, events } = await untilTracked(await phone.ref(), "Signed In");

	expect(valuesOf(profile, "user_id")).toEqual(valuesOf(first.profile, "user_id"));
	const devices = [await laptop.ref(), await phone.ref()].map((ref) => ref.slice("anonymous_id:".length));
	expect(valuesOf(profile, "anonymous_id").sort()).toEqual(devices.sort());
	const added = events.filter((event) => event.event === "Product Added").map((event) => event.properties?.product_id);
	expect(added.sort()).toEqual(["lantern", "tide-bowl"]);
	expect((await shop.profiles.find(await laptop.ref()))?.id).toBe(profile.id);
	await laptop.close();
	await phone.close();
});

test("a second person on the first browser stays a second person", async () => {
	const shared = await openShop(launched.browser, shop);
	await shared.addToCart("Heron vase", "Chalk");
	await shared.signIn("Ada Berg", "ada@example.com");
	const adaRef = await shared.ref();
	await untilTracked(adaRef, "Signed In");
	await shared.signOut();
	const ada = await untilTracked(adaRef, "Signed Out");

	await shared.addToCart("Pebble plate", "Chalk");
	await shared.signIn("Bo Winter", "bo@example.com");
	const bo = await untilTracked(await shared.ref(), "Signed In");

	expect(bo.profile.id).not.toBe(ada.profile.id);
	expect(bo.profile.traits).toMatchObject({ name: "Bo Winter" });
	expect(valuesOf(bo.profile, "user_id")).toHaveLength(1);
	const added = (events: StoredEvent[]) =>
		events.filter((event) => event.event === "Product Added").map((event) => event.properties?.product_id);
	expect(added(bo.events)).toEqual(["pebble-plate"]);
	const adaNow = await untilTracked(adaRef, "Signed Out");
	expect(adaNow.profile.traits).toMatchObject({ name: "Ada Berg" });
	expect(added(adaNow.events)).toEqual(["heron-vase"]);
	await shared.close();
});

test("nor does somebody who takes over without a sign-out", async () => {
	const shared = await openShop(launched.browser, shop);
	await shared.addToCart("Dune teapot", "Moss");
	await shared.signIn("Cleo Marsh", "cleo@example.com");
	const cleo = await untilTracked(await shared.ref(), "Signed In");
	const [cleoId] = valuesOf(cleo.profile, "user_id");

	await shared.signIn("Dov Stern", "dov@example.com");
	await shared.addToCart("Marsh lantern", "Ember");
	const dov = await untilTracked(await shared.ref(), "Product Added");
	await expect
		.poll(async () => valuesOf((await untilTracked(await shared.ref(), "Product Added")).profile, "user_id"))
		.not.toContain(cleoId);
	const cleoNow = await shop.profiles.find(`user_id:${cleoId}`);
	expect(cleoNow?.traits).toEqual({ name: "Cleo Marsh", email: "cleo@example.com" });
	const cleoAdded = (await shop.profiles.events(`user_id:${cleoId}`)).filter(
		(event) => event.event === "Product Added",
	);
	expect(cleoAdded.map((event) => event.properties?.product_id)).toEqual(["dune-teapot"]);
	expect(dov.profile.id).not.toBe(cleoNow?.id);
	await shared.close();
});
