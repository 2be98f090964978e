import type { EventView } from "@selfsame/protocol";
import type { EventsQuery, Subject } from "./subject.ts";

/** How often a page is gone on with when few events are of the names asked for. */
const MAX_READS = 100;

interface Names {
	/** Event names; left out: all. */
	include?: readonly string[];
	exclude?: readonly string[];
}

/**
 * A page of events of some names. What is read in one go is never more than is still missing, so that the place where
 * reading stopped is the end of the page; the page may be short of its limit where such events are rare.
 */
export async function collectEvents(subject: Subject, query: EventsQuery, { include, exclude = [] }: Names) {
	const isWanted = (event: EventView) => {
		const name = event.event ?? event.name ?? event.type;
		return !exclude.includes(name) && (include === undefined || include.includes(name));
	};
	// One name is looked up where the events are.
	if (include?.length === 1 && exclude.length === 0) return subject.events({ ...query, name: include[0] as string });
	const data: EventView[] = [];
	let { cursor } = query;
	for (let reads = 0; ; reads++) {
		const left = { ...query, limit: query.limit - data.length, ...(cursor === undefined ? {} : { cursor }) };
		const { data: read, page } = await subject.events(left);
		data.push(...read.filter(isWanted));
		if (page.next === null || data.length >= query.limit || reads >= MAX_READS) return { data, page };
		cursor = page.next;
	}
}
