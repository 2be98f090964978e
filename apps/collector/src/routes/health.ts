import { StorageUnavailableError } from "@selfsame/store";
import { z } from "zod";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import { json } from "../api/route.ts";
import type { Deps } from "../deps.ts";
import { problem } from "../problem.ts";

/** ms that an answer of the store holds: what asks more often, or from many sides, costs no further commit. */
const READY_FOR = 1_000;

/**
 * For whoever watches over the process: `/health` says that it runs, `/ready` that it can take events, `/metrics` how it
 * fares. They tell nothing about anyone; the last needs a key from elsewhere than this machine.
 */
export function healthRoutes(
	api: Api,
	{ store, isStopping, metrics, steadyNow }: Pick<Deps, "store" | "isStopping" | "metrics" | "steadyNow">,
) {
	const get = { method: "get", tag: "Operations", scope: null, tolerant: true } as const;
	const isReady = shareAnswers(() => store.ready(), steadyNow);

	api.add(
		{
			...get,
			path: "/health",
			id: "getHealth",
			summary: "Whether the process runs",
			answers: { 200: json(z.object({ status: z.literal("ok") }), "It does.") },
		},
		({ c }) => c.json({ status: "ok" }),
	);

	api.add(
		{
			...get,
			path: "/ready",
			id: "getReadiness",
			summary: "Whether it can take events",
			description: "What the store said is told again for a second.",
			answers: {
				200: json(z.object({ status: z.literal("ready") }), "It can: a write was committed."),
				503: error("Storage cannot take a write, or the server is stopping.", { "retry-after": "Seconds." }),
			},
		},
		async ({ c }) => {
			if (isStopping()) return problem("shutting_down", "The server is stopping.", { "retry-after": "1" });
			try {
				await isReady();
				return c.json({ status: "ready" });
			} catch (error) {
				if (!(error instanceof StorageUnavailableError)) throw error;
				return problem("storage_unavailable", error.message, { "retry-after": "5" });
			}
		},
	);

	api.add(
		{
			...get,
			scope: "read",
			openOnLoopback: true,
			path: "/metrics",
			id: "getMetrics",
			summary: "How it fares, for Prometheus",
			description: "Needs no key where both the sender and `Host` are loopback, and no proxy is between.",
			answers: { 200: { description: "Prometheus' text format.", content: { "text/plain": z.string() } } },
		},
		async ({ c }) => c.text(await metrics.render(), 200, { "content-type": metrics.contentType }),
	);
}

/** One question at a time, whose answer or error everybody has who asks while it is open or until a second after it was put. */
function shareAnswers(ask: () => Promise<void>, steadyNow: () => number): () => Promise<void> {
	let asked: { at: number; isOpen: boolean; answer: Promise<void> } | null = null;
	return () => {
		if (asked && (asked.isOpen || steadyNow() - asked.at < READY_FOR)) return asked.answer;
		const question = { at: steadyNow(), isOpen: true, answer: ask() };
		const close = () => {
			question.isOpen = false;
		};
		question.answer.then(close, close);
		asked = question;
		return question.answer;
	};
}
