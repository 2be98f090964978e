import type { Browser, Page } from "playwright";
import type { RunningShop } from "../support/startShop.ts";

/** One device of one visitor: a browser context of its own, with the shop open. */
export interface Visitor {
	page: Page;
	/** The profile reference of this device's anonymous id. */
	ref(): Promise<string>;
	/** Opens a piece from the home page, picks a glaze and puts it into the cart. */
	addToCart(product: string, glaze: string): Promise<void>;
	/** Through the form, wherever the visitor is. */
	signIn(name: string, email: string): Promise<void>;
	signOut(): Promise<void>;
	/** What went wrong in the pages so far: script errors, refused policies, requests to anywhere else. */
	faults: string[];
	/** Everything the pages were sent, for a look at what must not be in it. */
	received: string[];
	close(): Promise<void>;
}

export async function openShop(browser: Browser, shop: RunningShop): Promise<Visitor> {
	const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
	const page = await context.newPage();
	const faults: string[] = [];
	const received: string[] = [];
	page.on("pageerror", (error) => faults.push(error.message));
	page.on("console", (message) => {
		if (message.type() === "error") faults.push(message.text());
	});
	page.on("request", (request) => {
		if (!request.url().startsWith(`${shop.url}/`)) faults.push(`A request left for ${request.url()}`);
	});
	page.on("response", async (response) => {
		received.push(JSON.stringify(response.headers()));
		// A redirect, a 304 and an answer to a page that is gone have no body to read.
		received.push(await response.text().catch(() => ""));
	});
	await page.goto(`${shop.url}/demo`);
	return {
		page,
		faults,
		received,
		async ref() {
			await page.waitForFunction(() => /(^|; )selfsame_id=./.test(document.cookie));
			const cookie = (await context.cookies(shop.url)).find(({ name }) => name === "selfsame_id");
			return `anonymous_id:${decodeURIComponent(cookie?.value ?? "")}`;
		},
		async addToCart(product, glaze) {
			await page.goto(`${shop.url}/demo`);
			await page.getByRole("link", { name: product }).first().click();
			await page.getByRole("link", { name: glaze }).click();
			await page.getByRole("button", { name: "Add to cart" }).click();
			await page.getByRole("heading", { name: "Your cart" }).waitFor();
		},
		async signIn(name, email) {
			if (!page.url().includes("/sign-in")) await page.goto(`${shop.url}/demo/sign-in`);
			await page.getByLabel("Name").fill(name);
			await page.getByLabel("Email").fill(email);
			await page.getByRole("button", { name: "Sign in", exact: true }).click();
			await page.getByText(`Hello, ${name.split(" ")[0]}`).waitFor();
		},
		async signOut() {
			await page.getByRole("button", { name: "Sign out" }).click();
			await page.getByRole("link", { name: "Sign in", exact: true }).waitFor();
		},
		close: () => context.close(),
	};
}
