import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { createClient } from "../../src/browser/index.ts";
import { SelfsameProvider, useAnalytics } from "../../src/react/index.ts";

const client = createClient({ writeKey: "wk", host: "https://events.shop.example" });

function Reader() {
	return createElement("p", null, useAnalytics() === client ? "the client" : "another");
}

test("components below the provider get its client, on a server too", () => {
	expect(renderToString(createElement(SelfsameProvider, { client }, createElement(Reader)))).toBe("<p>the client</p>");
});

test("without a provider it says what is missing", () => {
	expect(() => renderToString(createElement(Reader))).toThrow(/SelfsameProvider/);
});
