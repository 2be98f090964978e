import type { ExitingClient } from "../server/client.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

interface Hooked {
	timeout: number;
	/** It could not flush at the end of the script: it is not tried again, or the process would never end. */
	gaveUp?: boolean;
}

type Registry = ReturnType<typeof createRegistry>;

/** Shared by all copies of this module (ESM and CommonJS, two versions): two listeners would each take the other for the
 * application's, and a signal would end nothing. */
const key = Symbol.for("selfsame.exitHooks");
const shared = globalThis as { [key]?: Registry };

/**
 * Flushes the client when the process is told to end or has nothing left to do. One listener a signal serves any number
 * of clients.
 */
export function hookExit(client: ExitingClient, timeout: number): void {
	shared[key] ??= createRegistry();
	shared[key].add(client, timeout);
}

export function unhookExit(client: ExitingClient): void {
	shared[key]?.remove(client);
}

function createRegistry() {
	const clients = new Map<ExitingClient, Hooked>();
	const leaving = new Set<NodeJS.Signals>();

	function onSignal(signal: NodeJS.Signals): void {
		// Having a listener took away the signal's own effect. Where nobody else listens, it is given back after the flush;
		// where the application does, ending the process is its own decision.
		const isOurs = process.listenerCount(signal) === 1;
		if (isOurs && leaving.has(signal)) {
			leave(signal);
			return;
		}
		leaving.add(signal);
		void flushAll().then(() => {
			leaving.delete(signal);
			if (isOurs) leave(signal);
		});
	}

	function leave(signal: NodeJS.Signals): void {
		process.removeListener(signal, onSignal);
		process.kill(process.pid, signal);
	}

	function onBeforeExit(): void {
		void flushAll();
	}

	async function flushAll(): Promise<void> {
		await Promise.all(
			[...clients].map(async ([client, hooked]) => {
				if (hooked.gaveUp || client.size === 0) return;
				const { pending } = await client.flush({ timeout: hooked.timeout });
				hooked.gaveUp = pending > 0;
			}),
		);
	}

	return {
		add(client: ExitingClient, timeout: number): void {
			if (clients.has(client)) return;
			if (clients.size === 0) {
				// First in line, so that the listeners of the application, `once` ones included, are still there to be counted.
				for (const signal of SIGNALS) process.prependListener(signal, onSignal);
				process.on("beforeExit", onBeforeExit);
			}
			clients.set(client, { timeout });
		},
		remove(client: ExitingClient): void {
			if (!clients.delete(client) || clients.size > 0) return;
			for (const signal of SIGNALS) process.removeListener(signal, onSignal);
			process.removeListener("beforeExit", onBeforeExit);
		},
	};
}
