const PARAM = "_selfsame";
const LIFETIME = 120_000;

/**
 * Carries the anonymous id to other domains of the site's owner. A click on a link to a listed domain adds it with the
 * time; an arrival takes it only from a listed referrer and within two minutes, and cleans the address bar.
 */
export function linkDomains(domains: string[], id: () => string, adopt: (id: string) => void): void {
	const listed = (host: string) => domains.some((domain) => `.${host}`.endsWith(`.${domain}`));
	const here = new URL(location.href);
	const carried = here.searchParams.get(PARAM);
	if (carried) {
		const [, from, time] = /^([\w-]{1,64})\.(\w+)$/.exec(carried) ?? [];
		const age = Date.now() - Number.parseInt(time ?? "", 36);
		if (from && Math.abs(age) < LIFETIME && document.referrer && listed(new URL(document.referrer).hostname))
			adopt(from);
		here.searchParams.delete(PARAM);
		history.replaceState(history.state, "", here);
	}
	document.addEventListener(
		"click",
		(event) => {
			const link = (event.composedPath()[0] as Element | undefined)?.closest?.<HTMLAnchorElement>("a[href]");
			if (!link || link.hostname === location.hostname || !listed(link.hostname)) return;
			const url = new URL(link.href);
			url.searchParams.set(PARAM, `${id()}.${Date.now().toString(36)}`);
			link.href = url.href;
		},
		true,
	);
}
