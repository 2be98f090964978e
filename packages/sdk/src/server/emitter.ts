import type { ClientEvents } from "./types.ts";

type Name = keyof ClientEvents;

/** Listeners of a client. One that throws disturbs neither the delivery nor the others: it is told to `error`. */
export function createEmitter() {
	const listeners: { [K in Name]: Set<ClientEvents[K]> } = {
		error: new Set(),
		dropped: new Set(),
		delivered: new Set(),
	};

	function emit<K extends Name>(name: K, value: Parameters<ClientEvents[K]>[0]): void {
		for (const listener of listeners[name]) {
			try {
				(listener as (value: unknown) => void)(value);
			} catch (error) {
				if (name !== "error") emit("error", error instanceof Error ? error : new Error(String(error)));
			}
		}
	}

	return {
		emit,
		on<K extends Name>(name: K, listener: ClientEvents[K]): void {
			if (!listeners[name]) throw new TypeError(`on: no event '${name}'; there are error, dropped and delivered`);
			listeners[name].add(listener);
		},
		off<K extends Name>(name: K, listener: ClientEvents[K]): void {
			listeners[name]?.delete(listener);
		},
		has: (name: Name): boolean => listeners[name].size > 0,
	};
}
