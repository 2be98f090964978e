import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnostics } from "@selfsame/store";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What the collector counts about itself. */
export interface Metrics {
	/** Counts events by what became of them: accepted, duplicate, dropped or rejected. */
	countEvents(source: string, verdict: "accepted" | "duplicate" | "dropped" | "rejected", events: number): void;
	/** Counts ingest requests that were refused whole, by problem code. */
	countRefused(code: string): void;
	/** Counts requests without a key that is known, or with one that lacks a scope. */
	countKeyRefused(kind: "write" | "secret", code: "invalid_key" | "missing_scope" | "rate_limited"): void;
	/** A request that a proxy forwarded which nobody trusts. */
	countUntrustedForward(): void;
	countUnproven(source: string, mode: string, events: number): void;
	/** One commit; duration in ms. */
	observeCommit(commit: { events: number; duration: number }): void;
	/** The Prometheus text format. */
	render(): Promise<string>;
	contentType: string;
}

/** ms that a scrape waits for the store, which may be waiting for its disk just then. */
const STORE_PATIENCE = 500;

/** What is under way at the moment of a scrape. */
export interface UnderWay {
	/** Bytes of requests in flight. */
	queueBytes(): number;
	liveStreams(): number;
	exports(): number;
}

/** @param diagnose asks the store how it fares. */
export function createMetrics(underWay: UnderWay, diagnose: () => Promise<Diagnostics>): Metrics {
	const registry = new Registry();
	const registers = [registry];
	collectDefaultMetrics({ register: registry });
	const events = new Counter({
		name: "selfsame_events_total",
		help: "Events by source and verdict.",
		labelNames: ["source", "verdict"],
		registers,
	});
	const refused = new Counter({
		name: "selfsame_requests_refused_total",
		help: "Ingest requests refused whole, by problem code.",
		labelNames: ["code"],
		registers,
	});
	const keysRefused = new Counter({
		name: "selfsame_keys_refused_total",
		help: "Keys refused, by what was needed: unknown (invalid_key), unknown and too many (rate_limited), or missing_scope.",
		labelNames: ["kind", "code"],
		registers,
	});
	const unproven = new Counter({
		name: "selfsame_unproven_user_ids_total",
		help: "User ids without the proof that their source asks for.",
		labelNames: ["source", "mode"],
		registers,
	});
	const commitSeconds = new Histogram({
		name: "selfsame_commit_seconds",
		help: "How long a commit took, identity and the sync to disk included.",
		buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
		registers,
	});
	const commitEvents = new Histogram({
		name: "selfsame_commit_events",
		help: "How many events shared a commit.",
		buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000],
		registers,
	});
	const gauge = (name: string, help: string, read: () => number) =>
		new Gauge({
			name,
			help,
			registers,
			collect() {
				this.set(read());
			},
		});
	gauge("selfsame_queue_bytes", "Bytes of requests that have no answer yet.", underWay.queueBytes);
	gauge("selfsame_live_streams", "Live streams of events that are open.", underWay.liveStreams);
	gauge("selfsame_exports_running", "Exports that are running, each with a thread and a copy.", underWay.exports);
	new Counter({
		name: "selfsame_identity_decisions_total",
		help: "Identity decisions: fast (at most one write), window (around one instant) or rebuilt (a region from its evidence).",
		labelNames: ["way"],
		registers,
		async collect() {
			const known = await Promise.race([diagnose(), sleep(STORE_PATIENCE, null, { ref: false })]).catch(() => null);
			// A store that is busy or gone leaves the last values standing.
			if (!known) return;
			this.reset();
			for (const way of ["fast", "window", "rebuilt"] as const) this.inc({ way }, known.decisions[way]);
		},
	});
	const forwarded = new Counter({
		name: "selfsame_untrusted_forwards_total",
		help: "Requests with X-Forwarded-For or Forwarded from an address that is none of trustedProxies: a forgotten proxy, or a lie.",
		registers,
	});
	return {
		countUntrustedForward: () => forwarded.inc(),
		countEvents: (source, verdict, count) => count > 0 && events.inc({ source, verdict }, count),
		countRefused: (code) => refused.inc({ code }),
		countKeyRefused: (kind, code) => keysRefused.inc({ kind, code }),
		countUnproven: (source, mode, count) => count > 0 && unproven.inc({ source, mode }, count),
		observeCommit({ events: count, duration }) {
			commitSeconds.observe(duration / 1_000);
			commitEvents.observe(count);
		},
		render: () => registry.metrics(),
		contentType: registry.contentType,
	};
}
