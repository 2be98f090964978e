import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningShop, startShop } from "../support/startShop.ts";
import { useBrowser } from "../support/useCollector.ts";
import { openShop } from "./openShop.ts";

const launched = useBrowser();
let shop: RunningShop;
beforeAll(async () => {
	shop = await startShop();
});
afterAll(() => shop?.close());

test("the panel shows the visitor's own profile while it is being stitched", async () => {
	const visitor = await openShop(launched.browser, shop);
	const panel = visitor.page.getByRole("complementary");
	await visitor.addToCart("Harbour mug", "Sea glass");
	await panel.getByText("Somebody new").waitFor();
	const added = panel.getByRole("listitem").filter({ hasText: "Product Added" });
	await added.getByText("anonymous").waitFor();
	expect(await panel.getByText("signed in", { exact: true }).count()).toBe(0);

	await visitor.signIn("Robin Fields", "robin@example.com");
	await panel.getByText("One person: Robin Fields").waitFor();
	await panel.getByText("customer-1001").first().waitFor();
	await panel.getByText("robin@example.com").waitFor();
	// What happened before stays what it was, and belongs to Robin now.
	await added.getByText("anonymous").waitFor();
	const signedIn = panel.getByRole("listitem").filter({ has: visitor.page.getByText("Signed In", { exact: true }) });
	await signedIn.getByText("signed in", { exact: true }).waitFor();

	const other = await openShop(launched.browser, shop);
	const otherPanel = other.page.getByRole("complementary");
	await otherPanel.getByText("Somebody new").waitFor();
	expect(await otherPanel.getByText("robin@example.com").count()).toBe(0);
	expect([...visitor.faults, ...other.faults]).toEqual([]);
	await visitor.close();
	await other.close();
});

test("no page is ever sent the secret key", async () => {
	const visitor = await openShop(launched.browser, shop);
	await visitor.addToCart("Harbour mug", "Chalk");
	await visitor.signIn("Sam Okafor", "sam@example.com");
	await visitor.page.getByRole("complementary").getByText("One person: Sam Okafor").waitFor();
	const all = visitor.received.join("\n");
	expect(all).toContain(shop.webWriteKey);
	expect(all).not.toContain(shop.secretKey);
	await visitor.close();
});

test("what the start prints works as it is printed", async () => {
	const visitor = await openShop(launched.browser, shop);
	await visitor.page.goto(`${shop.url}/demo/sign-in`);
	await visitor.page.getByRole("button", { name: "Continue as Robin Fields" }).click();
	await shop.profiles.until("user_id:customer-1001", (profile) => profile.traits.name === "Robin Fields");

	const printed = shop.output();
	const tag = /<script async src="([^"]+)" data-write-key="([^"]+)"><\/script>/.exec(printed);
	expect(tag?.[2]).toBe(shop.webWriteKey);
	expect(await (await fetch(tag?.[1] ?? "")).text()).toContain("selfsame");
	const commands = [...printed.matchAll(/curl -s -H "Authorization: (Bearer [^"]+)" "(http[^"]+)"/g)];
	expect(commands).toHaveLength(3);
	const answers = await Promise.all(
		commands.map(async ([, authorization = "", url = ""]) => {
			const response = await fetch(url, { headers: { authorization } });
			expect(response.status, url).toBe(200);
			return response.text();
		}),
	);
	expect(JSON.parse(answers[0] ?? "")).toMatchObject({ traits: { email: "robin@example.com" } });
	expect(JSON.parse(answers[1] ?? "").data.map((event: { type: string }) => event.type)).toContain("identify");
	expect(JSON.stringify(JSON.parse(answers[2] ?? ""))).toContain("customer-1001");
	await visitor.close();
});
