// What the shop tells Selfsame: plain calls on `window.selfsame`, as any site would make them. Page views are the script's own.

/** @type {{ customer: string, event: string }} */
const { customer: customerJson, event: eventJson } = /** @type {any} */ (document.body.dataset);
/** @type {{ userId: string, name: string, email: string } | null} */
const customer = JSON.parse(customerJson);
/** @type {{ name: string, properties: object, once?: string } | null} */
const event = JSON.parse(eventJson);

/** Resolves once the script tag, which is async, has run. @returns {Promise<any>} */
function selfsameReady() {
	const present = /** @type {any} */ (window).selfsame;
	if (present?.track) return Promise.resolve(present);
	const script = document.querySelector("script[data-write-key]");
	return new Promise((resolve) => {
		script?.addEventListener("load", () => resolve(/** @type {any} */ (window).selfsame), { once: true });
	});
}

/** True the first time only, in this browser. @param {string} key */
function firstTime(key) {
	const name = `shop.once.${key}`;
	if (localStorage.getItem(name)) return false;
	localStorage.setItem(name, "1");
	return true;
}

const selfsame = await selfsameReady();

if (customer && localStorage.getItem("shop.identified") !== customer.userId) {
	localStorage.setItem("shop.identified", customer.userId);
	selfsame.identify(customer.userId, { name: customer.name, email: customer.email });
	selfsame.track("Signed In", { method: "form" });
}
if (event && (!event.once || firstTime(event.once))) selfsame.track(event.name, event.properties);

const actions = {
	add: "Product Added",
	remove: "Product Removed",
	checkout: "Checkout Started",
	"sign-out": "Signed Out",
};

// The form is sent on at once: what was tracked is delivered while the page goes away.
document.addEventListener("submit", ({ target }) => {
	const { action, properties } = /** @type {HTMLFormElement} */ (target).dataset;
	if (!action || !(action in actions)) return;
	selfsame.track(actions[/** @type {keyof typeof actions} */ (action)], JSON.parse(properties ?? "{}"));
	if (action !== "sign-out") return;
	localStorage.removeItem("shop.identified");
	selfsame.reset();
});
