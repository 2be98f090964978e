import { createEncoder } from "../src/export/createEncoder.ts";

/** Encodes as many events as asked, and tells by how many bytes the process grew at the most. */
const rows = Number(process.argv[2]);
const encoder = createEncoder("parquet", "events");
const before = process.memoryUsage.rss();
let grown = 0;

const event = (seq: number) => {
	const instant = new Date(Date.UTC(2026, 0, 31) + seq * 1_000).toISOString();
	// Numbers that hardly repeat, so that most columns are plain and not dictionaries.
	const noise = (part: number) => ((seq * 7_919 + part * 104_729) % 1_000_003).toString(36);
	return {
		...{ seq, profileId: `pro_${noise(1)}${noise(2)}`, type: "track" as const, event: "Seen", messageId: `m${seq}` },
		...{ source: "web", timestamp: instant, receivedAt: instant, userId: `u${noise(3)}` },
		properties: { note: Array.from({ length: 60 }, (_, part) => noise(part)).join(" ") },
		context: { locale: "en-GB", page: { url: `https://example.com/${noise(4)}` } },
	};
};

for (let from = 0; from < rows; from += 250) {
	encoder.write(Array.from({ length: 250 }, (_, index) => event(from + index)));
	grown = Math.max(grown, process.memoryUsage.rss() - before);
}
encoder.end();
process.send?.(grown);
