/** Where an event stands in time: what the rule sorts by. */
export interface Position {
	timestamp: number;
	messageId: string;
	source: string;
}

export function compareBytes(a: string, b: string): number {
	return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}

/** By (timestamp, messageId as UTF-8 bytes, source). */
export function comparePositions(a: Position, b: Position): number {
	return a.timestamp - b.timestamp || compareBytes(a.messageId, b.messageId) || compareBytes(a.source, b.source);
}
