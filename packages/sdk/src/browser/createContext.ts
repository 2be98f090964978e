import { safely } from "../core/safely.ts";
import { VERSION } from "../core/version.ts";

/** Characters that are kept of an address. */
const LONGEST = 8_192;

/** Where the visitor was at the moment of a call. */
export interface Moment {
	now: number;
	url: string;
	title: string;
	referrer: string;
}

const SECRETS =
	"(?:[\\w-]*(?:token|passw|secret|api_?key|signature)[\\w-]*|pwd|auth|authorization|jwt|otp|code|session_?id|sid|email)";
const CLICK_IDS = "gclid|gbraid|wbraid|dclid|fbclid|msclkid|ttclid|twclid|li_fat_id|igshid|yclid|rdt_cid|epik|sccid";

/**
 * Makes the context of events. Values of sensitive query parameters are masked in every URL, the fragment included;
 * `limited` (a privacy signal) drops click ids, there as well.
 */
export function createContext(maskParams: string[], limited: boolean) {
	const escaped = maskParams.map((name) => name.replace(/[^\w]/g, "\\$&"));
	const secrets = new RegExp(`([?&#](?:${[SECRETS, ...escaped].join("|")})=)[^&#]+`, "gi");
	const clicks = new RegExp(`^(?:${CLICK_IDS})$`);
	const clicksInUrl = new RegExp(`([?&#])(?:${CLICK_IDS})=[^&#]*&?`, "g");
	const mask = (url: string) => (limited ? url.replace(clicksInUrl, "$1") : url).replace(secrets, "$1masked");
	// Not before the first event: a page's first look at its time zone takes longer than all else here.
	let base: object | undefined;
	const makeBase = () => ({
		library: { name: "selfsame", version: VERSION },
		userAgent: navigator.userAgent,
		locale: navigator.language,
		timezone: safely(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
		screen: { width: screen.width, height: screen.height, density: devicePixelRatio },
	});
	let last: string | undefined;
	let ofUrl: { path: string; search: string; url: string };
	let marketing: object;

	return ({ url, title, referrer }: Moment) => {
		base ??= makeBase();
		// Most calls of a page come from one URL.
		if (url !== last) {
			last = url;
			// Cut, so that an address larger than an event does not lose the event.
			const masked = mask(url.slice(0, LONGEST));
			const { pathname, search, searchParams } = new URL(masked);
			ofUrl = { path: pathname, search, url: masked };
			const campaign: Record<string, string> = {};
			const clickIds: Record<string, string> = {};
			searchParams.forEach((value, key) => {
				if (key.startsWith("utm_")) campaign[key === "utm_campaign" ? "name" : key.slice(4)] = value;
				else if (clicks.test(key)) clickIds[key] = value;
			});
			marketing = {
				...(Object.keys(campaign)[0] && { campaign }),
				...(Object.keys(clickIds)[0] && { clickIds }),
			};
		}
		return {
			...base,
			...marketing,
			page: { ...ofUrl, title: title.slice(0, 999), referrer: mask(referrer.slice(0, LONGEST)) },
		};
	};
}
