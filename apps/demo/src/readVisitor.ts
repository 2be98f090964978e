/** What the panel shows of a visitor: their profile as the profile API answers with it, and how it came to be. */
export interface VisitorView {
	anonymousId: string;
	/** Null until the first event has arrived. */
	profile: Record<string, unknown> | null;
	/** Newest first. */
	events: Record<string, unknown>[];
	/** Which event joined which identifiers. */
	links: Record<string, unknown>[];
}

export interface VisitorReaderOptions {
	/** Sends a request to the collector: its address over `fetch`, or the app itself in the same process. */
	request(path: string, init: RequestInit): Response | Promise<Response>;
	/** Reads profiles. It stays on the server. */
	secretKey: string;
}

export type VisitorReader = (anonymousId: string) => Promise<VisitorView>;

const shownEvents = 30;

/** Reads one visitor's profile through the profile API. Rejects when the collector cannot answer. */
export function createVisitorReader({ request, secretKey }: VisitorReaderOptions): VisitorReader {
	const authorization = `Bearer ${secretKey}`;
	const ask = async (path: string, init: RequestInit = {}) => {
		const response = await request(path, {
			...init,
			headers: { authorization, "content-type": "application/json" },
		});
		if (response.status === 404) return null;
		if (!response.ok) throw new Error(`The collector answered ${path.split("/", 3).join("/")} with ${response.status}`);
		return (await response.json()) as Record<string, unknown>;
	};
	return async (anonymousId) => {
		const ref = `/v1/profiles/${encodeURIComponent(`anonymous_id:${anonymousId}`)}`;
		const profile = await ask(ref);
		if (!profile) return { anonymousId, profile: null, events: [], links: [] };
		const [events, identity] = await Promise.all([ask(`${ref}/events?limit=${shownEvents}`), ask(`${ref}/identity`)]);
		return { anonymousId, profile, events: listOf(events?.data), links: listOf(identity?.links) };
	};
}

function listOf(value: unknown): Record<string, unknown>[] {
	return Array.isArray(value) ? value : [];
}
