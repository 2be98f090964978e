// The panel: the visitor's own profile while it is being stitched, asked from the shop's server with their own cookie.

const pollMs = 1000;
const base = document.body.dataset.base ?? "";
const panel = /** @type {HTMLElement} */ (document.getElementById("profile-panel"));

/** @typedef {{ type: string, value: string }} Identifier */
/** @typedef {{ type: string, messageId: string, timestamp: string, event?: string, name?: string, userId?: string, anonymousId?: string, properties?: { title?: string } }} EventView */
/** @typedef {{ a: Identifier, b: Identifier, messageId: string, kind: string }} Link */
/** @typedef {{ id: string, identifiers: Identifier[], traits: Record<string, unknown>, eventCount: number }} Profile */
/** @typedef {{ anonymousId: string | null, profile: Profile | null, events: EventView[], links: Link[] }} VisitorView */

/**
 * An element; text is always set as text, so nothing in a profile can become markup.
 * @param {string} tag @param {string} className @param {...(Node | string)} children
 */
function el(tag, className, ...children) {
	const node = document.createElement(tag);
	if (className) node.className = className;
	node.append(...children);
	return node;
}

const toggle = /** @type {HTMLButtonElement} */ (el("button", "panel-toggle"));
const content = el("div", "panel-content");
const status = el("p", "visually-hidden");
status.setAttribute("role", "status");
toggle.type = "button";
toggle.setAttribute("aria-controls", "panel-content");
content.id = "panel-content";
panel.append(toggle, status, content);
panel.hidden = false;

const wide = matchMedia("(min-width: 1080px)");
let open = localStorage.getItem("shop.panel") ? localStorage.getItem("shop.panel") === "open" : wide.matches;
toggle.addEventListener("click", () => {
	open = !open;
	localStorage.setItem("shop.panel", open ? "open" : "closed");
	showOpen();
});

function showOpen() {
	toggle.setAttribute("aria-expanded", String(open));
	panel.classList.toggle("closed", !open);
	document.body.classList.toggle("panel-open", open);
}

/** @param {string} value */
const short = (value) => (value.length > 18 ? `${value.slice(0, 8)}…${value.slice(-4)}` : value);

/** @param {EventView} event */
const titleOf = (event) => {
	if (event.type === "track") return event.event ?? "track";
	if (event.type === "page") return `Viewed ${event.name ?? event.properties?.title?.split(" · ")[0] ?? "a page"}`;
	if (event.type === "identify") return "Said who they are";
	return event.type;
};

/** @param {string} iso */
const timeOf = (iso) =>
	new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** Event ids the panel has shown, so that only new rows light up. @type {Set<string>} */
const shown = new Set();

/** @param {VisitorView} view */
function render({ profile, events, links }) {
	const known = profile?.identifiers.find((identifier) => identifier.type === "user_id");
	const name = typeof profile?.traits.name === "string" ? profile.traits.name : known ? known.value : "Somebody new";
	const count = profile?.eventCount ?? 0;
	toggle.replaceChildren(
		el("span", "dot"),
		el("b", "", "Your profile, live"),
		el("span", "toggle-count", `${count} ${count === 1 ? "event" : "events"}`),
		el("span", "chevron"),
	);
	if (!profile) {
		content.replaceChildren(el("p", "panel-empty", "Waiting for your first event. It is on its way."));
		return;
	}
	const summary = `${count} events${known ? `, known as ${name}` : ", anonymous so far"}`;
	if (status.textContent !== summary) status.textContent = summary;
	const sections = [
		whoIs(profile, name, Boolean(known)),
		known ? stitched(profile, events, links, known, name) : anonymousNote(),
		el("h3", "", "What they are known by"),
		identifierList(profile.identifiers),
		...(Object.keys(profile.traits).length > 0 ? [el("h3", "", "Traits"), traitList(profile.traits)] : []),
		el("h3", "", "What happened, newest first"),
		timeline(events),
		askYourself(known ?? profile.identifiers[0]),
	];
	const details = content.querySelector("details");
	const scrolled = content.scrollTop;
	const asked = details?.open ?? false;
	content.replaceChildren(...sections);
	/** @type {HTMLDetailsElement} */ (content.querySelector("details")).open = asked;
	content.scrollTop = scrolled;
	for (const event of events) shown.add(event.messageId);
}

/** @param {Profile} profile @param {string} name @param {boolean} known */
function whoIs(profile, name, known) {
	const avatar = el("span", known ? "avatar known" : "avatar", known ? (name[0] ?? "?") : "?");
	avatar.setAttribute("aria-hidden", "true");
	const id = el("code", "", short(profile.id));
	id.title = profile.id;
	const title = el("h2", "", name);
	title.id = "panel-title";
	return el("div", "who", avatar, el("div", "", title, id));
}

function anonymousNote() {
	return el("p", "note", "No name yet. Browse, fill the cart, then sign in, and watch the history come along.");
}

/**
 * @param {Profile} profile @param {EventView[]} events @param {Link[]} links @param {Identifier} known
 * @param {string} name
 */
function stitched(profile, events, links, known, name) {
	const before = events.filter((event) => !event.userId).length;
	const devices = profile.identifiers.filter((identifier) => identifier.type === "anonymous_id").length;
	const reason = links.find((link) =>
		[link.a, link.b].some((end) => end.type === "user_id" && end.value === known.value),
	);
	const lines = [
		el("b", "", `One person: ${name}`),
		el(
			"span",
			"",
			`${before} ${before === 1 ? "event" : "events"} from before signing in, ${devices} ${devices === 1 ? "device" : "devices"}.`,
		),
	];
	if (reason) {
		const why = el("code", "", short(reason.messageId));
		why.title = reason.messageId;
		lines.push(el("span", "", "Joined by event ", why));
	}
	return el("p", "note joined", ...lines);
}

/** @param {Identifier[]} identifiers */
function identifierList(identifiers) {
	const rows = identifiers.map(({ type, value }) => {
		const code = el("code", "", short(value));
		code.title = value;
		return el("li", `id-${type}`, el("span", "", type), code);
	});
	return el("ul", "identifiers", ...rows);
}

/** @param {Record<string, unknown>} traits */
function traitList(traits) {
	const rows = Object.entries(traits).flatMap(([key, value]) => [
		el("dt", "", key),
		el("dd", "", typeof value === "string" ? value : JSON.stringify(value)),
	]);
	return el("dl", "traits", ...rows);
}

/** @param {EventView[]} events */
function timeline(events) {
	const fresh = shown.size > 0;
	const rows = events.map((event) => {
		const isNew = fresh && !shown.has(event.messageId);
		const row = el(
			"li",
			`${event.userId ? "as-user" : "as-nobody"}${isNew ? " fresh" : ""}`,
			el("span", "what", titleOf(event)),
			el("span", "as", event.userId ? "signed in" : "anonymous"),
			el("time", "", timeOf(event.timestamp)),
		);
		row.dataset.type = event.type;
		return row;
	});
	return el("ol", "timeline", ...rows);
}

/** @param {Identifier | undefined} identifier */
function askYourself(identifier) {
	const ref = identifier ? encodeURIComponent(`${identifier.type}:${identifier.value}`) : "";
	const command = `curl -H "Authorization: Bearer $SECRET_KEY" ${location.origin}/v1/profiles/${ref}`;
	return el("details", "ask", el("summary", "", "Ask for it yourself"), el("pre", "", command));
}

let etag = "";
let wasDown = false;

async function poll() {
	try {
		const response = await fetch(`${base}/visitor`, {
			headers: etag ? { "If-None-Match": etag } : {},
			cache: "no-store",
		});
		if (response.status === 200) {
			etag = response.headers.get("ETag") ?? "";
			render(await response.json());
		} else if (response.status !== 304) {
			throw new Error(`status ${response.status}`);
		}
		wasDown = false;
	} catch {
		if (!wasDown) status.textContent = "The profile cannot be read at the moment.";
		wasDown = true;
	}
	panel.classList.toggle("down", wasDown);
}

render({ anonymousId: null, profile: null, events: [], links: [] });
showOpen();
for (;;) {
	// A hidden tab has nobody to show anything to.
	if (!document.hidden) await poll();
	await new Promise((resolve) => setTimeout(resolve, pollMs));
}
