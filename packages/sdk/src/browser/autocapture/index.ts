import type { Client, Plugin } from "../options.ts";

export interface AutocaptureOptions {
	/** Clicks on elements with `data-track="Name"`; other `data-track-*` attributes become properties. Default true. */
	clicks?: boolean;
	/** Clicks on links that leave the site, as `Outbound Link Clicked`. Default true. */
	outbound?: boolean;
	/** Clicks on links to files, as `File Downloaded`. Default true. */
	downloads?: boolean;
	/** Submitted forms, as `Form Submitted`: their id, name and address, never what was typed. Default true. */
	forms?: boolean;
	/** Which paths are files. Default: the usual documents, archives, media and programs. */
	fileTypes?: RegExp;
}

const FILES =
	/\.(pdf|docx?|xlsx?|pptx?|csv|txt|rtf|epub|zip|gz|tgz|rar|7z|dmg|pkg|exe|msi|deb|rpm|apk|iso|mp[34]|mov|avi|wav)$/i;
const PREFIX = "track";

/** Properties of elements as the browser has them: a form's own are hidden by fields that are named like them. */
const attribute = (element: Element, name: string) => Element.prototype.getAttribute.call(element, name);
const datasetOf = (element: HTMLElement): DOMStringMap =>
	Object.getOwnPropertyDescriptor(HTMLElement.prototype, "dataset")?.get?.call(element) ?? {};

/** `data-track-plan-name="pro"` becomes `{ planName: "pro" }`. */
function propertiesOf(element: HTMLElement): Record<string, string> {
	const properties: Record<string, string> = {};
	for (const [key, value = ""] of Object.entries(datasetOf(element))) {
		if (key.length > PREFIX.length && /^track[A-Z]/.test(key)) {
			properties[key.charAt(PREFIX.length).toLowerCase() + key.slice(PREFIX.length + 1)] = value;
		}
	}
	return properties;
}

const textOf = (element: HTMLElement) => (element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 100);

/** What a click says: a name and properties, or nothing. */
function describeClick(target: Element, options: AutocaptureOptions): [string, Record<string, string>] | undefined {
	const marked = target.closest<HTMLElement>("[data-track]");
	if (marked && options.clicks !== false) {
		return [marked.dataset[PREFIX] || "Clicked", { text: textOf(marked), ...propertiesOf(marked) }];
	}
	const link = target.closest<HTMLAnchorElement>("a[href]");
	if (!link || !/^https?:$/.test(link.protocol)) return;
	// Without query and fragment: they may carry what is nobody's business.
	const properties = { url: link.origin + link.pathname, text: textOf(link) };
	const isFile = link.hasAttribute("download") || (options.fileTypes ?? FILES).test(link.pathname);
	if (isFile && options.downloads !== false) {
		return ["File Downloaded", { ...properties, fileName: link.download || link.pathname.replace(/.*\//, "") }];
	}
	if (link.hostname !== location.hostname && options.outbound !== false) return ["Outbound Link Clicked", properties];
	return;
}

/** Where a form leads; the page itself where its address is none. */
function urlOf(action: string | null): URL {
	try {
		return new URL(action || location.href, location.href);
	} catch {
		return new URL(location.href);
	}
}

/**
 * Tracks what visitors do with marked elements, links and forms, so that no handler has to. Text that visitors type is
 * never read. Elements inside `[data-track-ignore]` are left alone.
 */
export function autocapture(options: AutocaptureOptions = {}): Plugin {
	return {
		name: "autocapture",
		setup(client: Client) {
			const ignored = (target: Element) => !!Element.prototype.closest.call(target, "[data-track-ignore]");
			document.addEventListener(
				"click",
				(event) => {
					const target = event.composedPath()[0];
					if (!(target instanceof Element) || ignored(target)) return;
					const found = describeClick(target, options);
					if (found) client.track(...found);
				},
				true,
			);
			if (options.forms === false) return;
			document.addEventListener(
				"submit",
				(event) => {
					const form = event.target;
					if (!(form instanceof HTMLFormElement) || ignored(form)) return;
					const action = urlOf(attribute(form, "action"));
					client.track(datasetOf(form)[PREFIX] || "Form Submitted", {
						id: attribute(form, "id") ?? "",
						name: attribute(form, "name") ?? "",
						url: action.origin + action.pathname,
						...propertiesOf(form),
					});
				},
				true,
			);
		},
	};
}
