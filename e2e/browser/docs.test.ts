import type { Browser } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/launchBrowser.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";

let browser: Browser;
let collector: RunningCollector;
beforeAll(async () => {
	[browser, collector] = await Promise.all([launchBrowser(), startCollector()]);
	const answer = await fetch(`${collector.url}/v1/identify`, {
		method: "POST",
		headers: { authorization: `Basic ${btoa(`${collector.writeKey}:`)}` },
		body: JSON.stringify({ userId: "reader/1", traits: { plan: "pro" } }),
	});
	expect(answer.status).toBe(200);
});
afterAll(async () => {
	await browser?.close();
	await collector?.close();
});

test("/docs shows the API, tries a call with the key, and asks nobody but the collector", async () => {
	const page = await browser.newPage();
	const complaints: string[] = [];
	const foreign: string[] = [];
	page.on("console", (message) => {
		if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
	});
	page.on("pageerror", (error) => complaints.push(error.message));
	page.on("request", (request) => {
		if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(collector.url)) foreign.push(request.url());
	});
	const response = await page.goto(`${collector.url}/docs`);
	expect(response?.headers()["content-security-policy"]).toContain("default-src 'none'");
	expect(response?.headers()["content-security-policy"]).not.toMatch(/unsafe|https?:|\*/);

	await page.locator(".opblock").first().waitFor();
	expect(await page.locator(".opblock-tag").first().textContent()).toContain("Profiles");
	await page.locator(".auth-wrapper .authorize").click();
	const bearer = page.locator(".auth-container", { hasText: "bearer" });
	await bearer.locator("input").fill(collector.secretKey);
	await bearer.locator("button.authorize").click();
	await page.locator(".btn-done").first().click();
	const call = page.locator("#operations-Profiles-getProfile");
	await call.locator(".opblock-summary-control").click();
	await call.locator("tr[data-param-name=ref] input").fill("user_id:reader/1");
	await call.locator(".execute").click();
	const answer = call.locator(".live-responses-table");
	await answer.locator(".response-col_status").first().waitFor();
	expect(await answer.textContent()).toContain('"plan": "pro"');
	expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] });
	await page.close();
});
