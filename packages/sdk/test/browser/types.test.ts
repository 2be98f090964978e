import { expectTypeOf, test } from "vitest";
import type { Client, Delivery, Plugin } from "../../src/browser/index.ts";

interface Events {
	"Product Viewed": { sku: string; price: number };
	"Search Made": { query?: string };
	"Signed Out": undefined;
}

/** Never run: the compiler is the test. */
function calls(client: Client<Events>, plain: Client) {
	expectTypeOf(client.track("Product Viewed", { sku: "a", price: 1 })).resolves.toEqualTypeOf<Delivery>();
	client.track("Product Viewed", { sku: "a", price: 1 }, { context: {} }, ({ status }) => status);
	client.track("Product Viewed", { sku: "a", price: 1 }, () => {});
	client.track("Search Made");
	client.track("Search Made", { query: "shoes" });
	client.track("Signed Out");
	// @ts-expect-error a name that the map does not know
	client.track("Product Viewd", { sku: "a", price: 1 });
	// @ts-expect-error properties are missing
	client.track("Product Viewed");
	// @ts-expect-error one of them is
	client.track("Product Viewed", { sku: "a" });
	// @ts-expect-error one is of another type
	client.track("Product Viewed", { sku: "a", price: "1" });
	// @ts-expect-error there are none
	client.track("Signed Out", { why: 1 });

	plain.track("Anything");
	plain.track("Anything", { at: "all" });
	plain.identify("u", { name: "A" }, { integrations: {} }, () => {});
	plain.identify({ name: "A" });
	plain.identify("u", () => {});
	plain.page();
	plain.page("Name");
	plain.page("Category", "Name", { a: 1 }, { context: {} }, () => {});
	plain.screen("Name", { a: 1 });
	plain.group("g", { seats: 1 });
	plain.alias("new", "old");
	plain.alias("new");
	const plugin: Plugin = { name: "p", before: (event) => (event.type === "page" ? null : event) };
	client.use(plugin).track("Signed Out");
}

test("event names and properties are typed", () => {
	expectTypeOf(calls).toBeFunction();
});
