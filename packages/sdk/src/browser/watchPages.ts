/** ms that a router has for setting the title of the page it shows. */
const TITLE = 100;

/** The part of the Navigation API used here. */
declare const navigation: EventTarget | undefined;

/**
 * Calls `view(referrer)` once for every page a visitor sees, and what it answers once the router has had time to set the
 * title: initial load, change of route, return from the back-forward cache, activation of a prerendered page. What makes a page is its path, with `search` its query too, with `hash` the
 * fragment as well. The first view waits for the end of the task, so that the site can make its own.
 * @returns to be called when the site viewed the page itself
 */
export function watchPages(mode: true | "search" | "hash", view: (referrer?: string) => () => void): () => void {
	const page = () =>
		location.pathname + (mode === true ? "" : location.search) + (mode === "hash" ? location.hash : "");
	let seen: string | undefined;
	let url: string | undefined;
	/** Tells of the page that is shown, once its title is set. */
	let tell: (() => void) | undefined;
	const tellNow = () => {
		const now = tell;
		tell = undefined;
		now?.();
	};
	const done = () => {
		seen = page();
		url = location.href;
		tell = undefined;
	};
	const look = () => {
		if (page() !== seen) {
			tellNow();
			const from = url;
			done();
			const own = view(from);
			tell = own;
			setTimeout(() => tell === own && tellNow(), from ? TITLE : 0);
		}
	};
	const later = () => {
		setTimeout(look);
	};
	addEventListener("pagehide", tellNow);
	if ((document as { prerendering?: boolean }).prerendering) document.addEventListener("prerenderingchange", later);
	else later();
	addEventListener("pageshow", (event) => {
		if (event.persisted) {
			seen = undefined;
			look();
		}
	});
	if (typeof navigation !== "undefined") navigation.addEventListener("currententrychange", later);
	else {
		addEventListener("popstate", later);
		for (const name of ["pushState", "replaceState"] as const) {
			const original = history[name];
			history[name] = function (...args) {
				original.apply(this, args);
				later();
			};
		}
	}
	return done;
}
