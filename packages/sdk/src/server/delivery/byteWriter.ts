/** Text to bytes, by the fastest means of the runtime. */
export interface ByteWriter {
	allocate(size: number): Uint8Array;
	/** Writes `text` as UTF-8 at `offset` and answers with the number of bytes; there is room for three a character. */
	write(target: Uint8Array, text: string, offset: number): number;
	byteLength(text: string): number;
	text(bytes: Uint8Array): string;
}
