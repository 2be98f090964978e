import type { Delivery } from "../core/index.ts";
import { jsonText } from "./events/jsonText.ts";
import type { ImportOptions, ImportResult, PastEvent, PastEvents } from "./types.ts";

/** Events of one import on their way at a time: enough to fill the window, little enough for live events to pass. */
const AHEAD = 10_000;
/** Progress is told in steps of one batch. */
const STEP = 500;

const TYPES: PastEvent["type"][] = ["track", "identify", "page", "screen", "group", "alias"];

export interface ImportPorts {
	call(type: PastEvent["type"], event: Omit<PastEvent, "type">): Promise<Delivery>;
	/** Undefined where the queue has room for an event, else a promise of it. */
	room(): Promise<void> | undefined;
	/** A stable id made from a text. */
	digest(text: string): string;
}

/** See `Client.import`. Rejects where the iterable does, or with a TypeError that names the position of a bad event. */
export async function importEvents(
	events: PastEvents,
	{ onProgress, from = 0, name = "import" }: ImportOptions,
	{ call, room, digest }: ImportPorts,
): Promise<ImportResult> {
	const progress: ImportResult = { read: 0, delivered: 0, dropped: 0, position: from };
	let step: Promise<Delivery>[] = [];
	const steps: Promise<void>[] = [];

	async function finish(part: Promise<Delivery>[], end: number): Promise<void> {
		for (const delivery of await Promise.all(part)) {
			// What the spool keeps is on disk and will be sent: the import need not come back to it.
			if (delivery.status === "dropped") progress.dropped++;
			else progress.delivered++;
		}
		progress.position = end;
		onProgress?.({ ...progress });
	}

	function endStep(): void {
		const part = step;
		const end = progress.read;
		step = [];
		const before = steps.at(-1);
		// Steps end in their order, or `position` would promise too much.
		const ended = Promise.all([before, Promise.all(part)]).then(() => finish(part, end));
		// Looked at when its turn comes; until then a throwing `onProgress` is no unhandled rejection.
		ended.catch(() => {});
		steps.push(ended);
	}

	try {
		for await (const event of events) {
			const position = progress.read++;
			if (position < from) continue;
			const { type, ...prepared } = prepare(event, position);
			for (let full = room(); full; full = room()) await full;
			step.push(call(type, prepared));
			if (step.length < STEP) continue;
			endStep();
			if (steps.length > AHEAD / STEP) await steps.shift();
		}
	} finally {
		if (step.length > 0) endStep();
		await Promise.all(steps);
	}
	return progress;

	function prepare(event: PastEvent, position: number): PastEvent {
		if (event?.timestamp == null) throw new TypeError(`import: the event at position ${position} has no timestamp`);
		if (!TYPES.includes(event.type)) throw new TypeError(`import: '${event.type}' is no type of event`);
		if (event.messageId) return event;
		return { ...event, messageId: digest(`${name}\n${position}\n${jsonText(event, () => {})}`) };
	}
}
