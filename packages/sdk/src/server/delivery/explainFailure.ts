import type { Answer } from "../ports.ts";

const NEXT_STEPS: Record<number, string> = {
	401: "the write key is unknown: check writeKey and host",
	403: "this sender is refused: check the options of its source",
	404: "nothing takes events there: check host, a path in front of the collector included",
};

/** What a failed attempt means and what to do about it, with the server's own words where it has some. */
export function explainFailure({ status, text, contentType, error }: Answer): string {
	if (status === 0) {
		const reason = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : error;
		return `the collector cannot be reached (${reason}): check that it runs, and host. Events wait`;
	}
	if (status < 300) {
		return `${status} without a verdict (${contentType ?? "no content type"}): no collector answers there, so events wait. Check host and what stands in between`;
	}
	if (status < 400) return `host answers with a redirect (${status}): set host to where it leads`;
	return `the collector answered ${status}: ${NEXT_STEPS[status] ?? ""} ${readDetail(text)}`;
}

/** The `detail` of a problem (RFC 9457), else the beginning of the text. */
function readDetail(text = ""): string {
	try {
		return String((JSON.parse(text) as { detail?: unknown }).detail ?? text).slice(0, 300);
	} catch {
		return text.slice(0, 300);
	}
}
