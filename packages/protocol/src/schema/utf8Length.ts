/** Bytes of a text in UTF-8, without encoding it. */
export function utf8Length(text: string): number {
	let bytes = text.length;
	for (let at = 0; at < text.length; at++) {
		const unit = text.charCodeAt(at);
		if (unit < 0x80) continue;
		// Of a pair each half counts two: four for the character.
		bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
	}
	return bytes;
}

/** Whether a text has more bytes in UTF-8 than a limit; most are told by their length alone. */
export function isLongerInBytes(text: string, limit: number): boolean {
	return text.length * 3 > limit && (text.length > limit || utf8Length(text) > limit);
}
