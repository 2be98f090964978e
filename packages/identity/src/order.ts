/** Where an event stands in time. The order is total: no two events of one workspace share all three. */
export interface Position {
	/** Event time, ms since 1970. */
	timestamp: number;
	messageId: string;
	/** The source's slug. */
	source: string;
}

/** Orders strings as their UTF-8 bytes do. UTF-16 differs: it puts U+E000 to U+FFFF after the astral characters. */
export function compareUtf8(a: string, b: string): number {
	if (a === b) return 0;
	const shared = Math.min(a.length, b.length);
	for (let i = 0; i < shared; i++) {
		const x = a.charCodeAt(i);
		const y = b.charCodeAt(i);
		if (x !== y) return codePointRank(x) - codePointRank(y);
	}
	return a.length - b.length;
}

/** Lifts surrogates above the rest of the basic plane, where the code points that they stand for belong. */
function codePointRank(unit: number): number {
	return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2800 : unit;
}

/** The order of events: (timestamp, messageId as UTF-8 bytes, source). */
export function comparePositions(a: Position, b: Position): number {
	return a.timestamp - b.timestamp || compareUtf8(a.messageId, b.messageId) || compareUtf8(a.source, b.source);
}
