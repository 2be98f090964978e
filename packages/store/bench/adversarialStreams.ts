import { randomUUID } from "node:crypto";
import type { AcceptedEvent, Claims, EventType } from "@selfsame/protocol";
import type { Correction } from "@selfsame/store";

/** A step of a stream: an event, or a correction made through the API. */
export type Step = { event: AcceptedEvent } | { correct: Correction };

/** Makes the step numbered `index` of a stream that is `length` steps long. */
export type AdversarialStream = (index: number, length: number) => Step;

const start = Date.UTC(2026, 0, 1);

function event(place: number, claims: Claims, type: EventType = "track"): Step {
	const timestamp = start + place;
	const payload = '{"properties":{"product":"A mug that keeps its promises"}}';
	const at = { messageId: randomUUID(), timestamp, receivedAt: timestamp };
	return { event: { source: "s", trust: "server", type, claims, payload, ...at } };
}

const visitor = (index: number): Claims => {
	const person = Math.floor(index / 20);
	const signedIn = index % 20 >= 5 ? { userId: `v${person}`, emails: [`v${person}@x.example`] } : {};
	return { anonymousId: `v${person}`, ...signedIn };
};

/** What strangers and kiosks can send, each beside the usual stream. With `email` as an identifier of limit 5. */
export const adversarialStreams: Record<string, AdversarialStream> = {
	usual: (index) => event(index, visitor(index)),
	"growing emails": (index) => event(index, { userId: "kiosk", emails: [`g${index}@x.example`] }),
	"growing emails, latest first": (index, length) =>
		event(length - index, { userId: "kiosk", emails: [`r${index}@x.example`] }),
	"emails taken from others": (index) => {
		const pair = Math.floor(index / 2);
		return event(index, { userId: index % 2 === 0 ? `t${pair}` : "kiosk", emails: [`t${pair}@x.example`] });
	},
	"garbage ids at an email": (index) => event(index, { anonymousId: `a${index}`, emails: ["hub@x.example"] }),
	"garbage ids at a contested email": (index) =>
		event(index, {
			emails: ["two@x.example"],
			...(index < 4 ? { userId: `c${index % 2}` } : { anonymousId: `c${index}` }),
		}),
	"garbage devices and emails of a user": (index) =>
		event(index, { userId: "bot", anonymousId: `b${index}`, emails: [`b${index % 50}@x.example`] }),
	"garbage users of an email": (index) => event(index, { userId: `s${index}`, emails: ["info@x.example"] }),
	"alias poison": (index) => {
		if (index === 0) return event(index, { userId: "p1", previousId: "till" }, "alias");
		return event(index, { userId: `p${1 + (index % 2)}`, anonymousId: "till" });
	},
	"unlink now and then": (index) => {
		if (index % 500 !== 499) return event(index, { userId: `n${index % 2}`, anonymousId: "desk" });
		const [identifier, from] = [
			{ type: "anonymous_id", value: "desk" },
			{ type: "user_id", value: "n9" },
		];
		return { correct: { kind: "unlink", identifier, from } };
	},
	"alternating owners of emails": (index) =>
		event(index, { userId: `o${index % 2}`, emails: [`o${index % 13}@x.example`] }),
	"alternating owners of a device": (index) => event(index, { userId: `d${index % 2}`, anonymousId: "lift" }),
	"late events before n spans": (index, length) =>
		event(index % 4 === 3 ? index - length : index, { userId: `l${index % 3}`, emails: ["late@x.example"] }),
	"late events of a user at a limit": (index, length) =>
		event(index % 50 === 49 ? index - length : index, {
			userId: `k${index % 2}`,
			emails: [`k${index % 13}@x.example`],
		}),
};
