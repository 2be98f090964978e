import { expect, test } from "vitest";
import { useJourney } from "./support/useJourney.ts";

const journey = useJourney();

/**
 * Every API that the browser SDK touches is asked the same: gone, there and failing, there and lying, there and hanging,
 * replaced by the page. Whichever it is, the events arrive once, the page sees no error, and ids stay ids.
 */
const ways: Record<string, () => void> = {
	"localStorage gone": () => Object.defineProperty(window, "localStorage", { value: null }),
	"localStorage that throws": () =>
		Object.defineProperty(window, "localStorage", {
			get() {
				throw new DOMException("no", "SecurityError");
			},
		}),
	"localStorage that takes nothing": () => {
		Storage.prototype.setItem = () => {
			throw new DOMException("full", "QuotaExceededError");
		};
	},
	"localStorage that forgets": () => {
		Storage.prototype.setItem = () => {};
	},
	"localStorage that lists nothing": () => {
		const kept = new Map<string, string>();
		const value = {
			getItem: (key: string) => kept.get(key) ?? null,
			setItem: (key: string, text: string) => void kept.set(key, text),
			removeItem: (key: string) => void kept.delete(key),
			key: () => null,
			length: 0,
		};
		Object.defineProperty(window, "localStorage", { value });
	},
	"cookies that throw": () =>
		Object.defineProperty(Document.prototype, "cookie", {
			get() {
				throw new DOMException("no", "SecurityError");
			},
			set() {
				throw new DOMException("no", "SecurityError");
			},
		}),
	"cookies that are not kept": () => Object.defineProperty(Document.prototype, "cookie", { get: () => "", set() {} }),
	"Web Locks gone": () => Object.defineProperty(navigator, "locks", { value: undefined }),
	"Web Locks that refuse": () => {
		navigator.locks.request = () => Promise.reject(new DOMException("no", "SecurityError"));
	},
	"Web Locks that throw": () => {
		navigator.locks.request = () => {
			throw new TypeError("no");
		};
	},
	"CompressionStream gone": () => Object.defineProperty(window, "CompressionStream", { value: undefined }),
	"CompressionStream that throws": () => {
		window.CompressionStream = class {
			constructor() {
				throw new TypeError("no");
			}
		} as unknown as typeof CompressionStream;
	},
	"CompressionStream that is cut short": () => {
		const Native = CompressionStream;
		window.CompressionStream = class {
			writable: WritableStream;
			readable: ReadableStream;
			constructor(format: CompressionFormat) {
				const native = new Native(format);
				let isFirst = true;
				this.writable = native.writable;
				this.readable = native.readable.pipeThrough(
					new TransformStream({
						transform(chunk: Uint8Array, controller) {
							if (isFirst) controller.enqueue(chunk.slice(0, 12));
							isFirst = false;
						},
					}),
				);
			}
		} as unknown as typeof CompressionStream;
	},
	"CompressionStream that hangs": () => {
		window.CompressionStream = class {
			writable = new WritableStream();
			readable = new ReadableStream();
		} as unknown as typeof CompressionStream;
	},
	"blobs that cannot be read": () => {
		Blob.prototype.stream = () =>
			new ReadableStream({ pull: (controller) => controller.error(new DOMException("no", "NotReadableError")) });
	},
	"a fetch that fails at first": () => {
		const native = window.fetch;
		let times = 0;
		window.fetch = (...args) => (times++ === 0 ? Promise.reject(new TypeError("no")) : native(...args));
	},
	"a fetch that answers nonsense at first": () => {
		const native = window.fetch;
		const nonsense = [undefined, {}, new Response("<html>"), new Response(""), new Response('{"success":true}')];
		window.fetch = async (...args) => (nonsense.length > 0 ? (nonsense.shift() as Response) : native(...args));
	},
	"AbortSignal.timeout gone": () => Object.defineProperty(AbortSignal, "timeout", { value: undefined }),
	"crypto gone": () => Object.defineProperty(window, "crypto", { value: undefined }),
	"crypto that throws": () => {
		crypto.getRandomValues = () => {
			throw new DOMException("no", "QuotaExceededError");
		};
	},
	"a browser that says it is offline": () => {
		Object.defineProperty(navigator, "onLine", { value: false });
		const native = window.setTimeout;
		// A minute's wait is not the test's to sit through.
		window.setTimeout = ((work: () => void, ms = 0, ...rest: unknown[]) =>
			native(work, ms >= 60_000 ? 200 : ms, ...rest)) as typeof window.setTimeout;
	},
	"Intl that throws": () => {
		Intl.DateTimeFormat = (() => {
			throw new Error("no");
		}) as unknown as typeof Intl.DateTimeFormat;
	},
	"history that is wrapped": () => {
		const { pushState } = history;
		history.pushState = function (...args) {
			return pushState.apply(this, args);
		};
	},
	"a clock set back an hour after the start": () => {
		const { now } = Date;
		let offset = 0;
		Date.now = () => now() + offset;
		setTimeout(() => {
			offset = -3_600_000;
		}, 300);
	},
};

test.each(Object.entries(ways))(
	"%s",
	async (name, way) => {
		const page = await journey.visitor(way);
		const errors: string[] = [];
		page.on("pageerror", (error) => errors.push(error.message));
		await journey.open("/", page);
		const user = `lying-${name.replaceAll(/\W/g, "-")}`;
		const statuses = await page.evaluate(async (user) => {
			const { selfsame } = window;
			const calls = [
				selfsame.identify(user),
				selfsame.track("Small"),
				selfsame.track("Large", { pad: "x".repeat(3_000) }),
			];
			return (await Promise.all(calls)).map(({ status }) => status);
		}, user);
		for (const status of statuses) expect(["delivered", "queued"]).toContain(status);
		const profile = await journey.collector.profiles.until(`user_id:${user}`, ({ eventCount }) => eventCount === 3);
		const events = await journey.collector.profiles.events(profile.id);
		expect(events.map((event) => event.event ?? event.type).sort()).toEqual(["Large", "Small", "identify"]);
		for (const { anonymousId } of events) expect(anonymousId).toMatch(/^[\da-f-]{36}$/);
		expect(errors).toEqual([]);
	},
	60_000,
);
