import type { Store } from "@selfsame/store";
import type { Environment } from "../../environment.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Whether events arrive, and when none does, why. */
export async function checkArrivals(
	store: Pick<Store, "stats" | "listRejected">,
	{ host, port, apiKey }: Environment,
): Promise<Finding[]> {
	const { events, rejected } = await store.stats();
	const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
	const metrics = await readMetrics(`http://${name}:${port}/metrics`, apiKey);
	const findings = [
		metrics === null ? warn(`No server answers on port ${port}.`, "selfsame start") : ok("The server runs."),
	];
	for (const [code, hint] of Object.entries(hints)) {
		const count = readCount(metrics ?? "", `selfsame_requests_refused_total{code="${code}"}`);
		if (count > 0) findings.push(warn(`${count} request(s) were refused since its start: ${code}.`, hint));
	}
	const forwards = readCount(metrics ?? "", "selfsame_untrusted_forwards_total");
	if (forwards > 0) {
		const fix = 'If the proxy is yours, name its address in the configuration: "trustedProxies": ["10.0.0.0/8"].';
		findings.push(
			warn(
				`${forwards} request(s) came through a proxy that is not trusted: its address counts as the visitor's.`,
				fix,
			),
		);
	}
	if (rejected > 0) {
		const [last] = (await store.listRejected({ limit: 1 })).data;
		const detail = last ? ` One of them: ${last.detail}` : "";
		findings.push(
			warn(`${rejected} event(s) were rejected.${detail}`, "GET /v1/rejected shows them all, with the reasons."),
		);
	}
	if (events > 0) return [...findings, ok(`${events} events are stored.`)];
	const fix =
		"Open the browser's network panel and look for a request to this server: none means the script tag's address " +
		"is wrong or a blocker stops it; one that fails says why in its answer.";
	return [...findings, fail("No event has ever been stored.", fix)];
}

const hints: Record<string, string> = {
	invalid_key: "Compare the sender's write key with `selfsame sources list`.",
	origin_not_allowed: "Add the page's origin to allowedOrigins: selfsame sources set ID allowedOrigins '[...]'.",
	invalid_json: "The sender does not send a JSON object; look at what it sends.",
	rate_limited: "Raise the source's rateLimit, or find out who sends so much.",
	overloaded: "Raise queueBytes, or give the disk and the processor less else to do.",
	storage_unavailable: "GET /ready says what is wrong.",
};

/** Null where nothing answers; empty where the server wants a key for them, since it does not listen on loopback. */
async function readMetrics(url: string, apiKey: string | undefined): Promise<string | null> {
	try {
		const headers: Record<string, string> = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
		const response = await fetch(url, { headers, signal: AbortSignal.timeout(2_000) });
		if (response.status === 401 || response.status === 403) return "";
		return response.ok ? await response.text() : null;
	} catch {
		return null;
	}
}

/** The value of one line of the Prometheus text; 0 where it is missing. */
function readCount(metrics: string, series: string): number {
	const line = metrics.split("\n").find((candidate) => candidate.startsWith(`${series} `));
	return Number(line?.slice(series.length + 1) ?? 0);
}
