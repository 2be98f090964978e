/** The candidate that a mistyped name most likely meant: at most a third of it is different, by Levenshtein's distance. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
	let best: string | undefined;
	let least = Number.POSITIVE_INFINITY;
	for (const candidate of candidates) {
		let row = Array.from({ length: candidate.length + 1 }, (_, at) => at);
		for (const letter of word.slice(0, 64)) {
			let left = (row[0] as number) + 1;
			row = row.map((above, at) => {
				if (at === 0) return left;
				const isSame = letter.toLowerCase() === candidate[at - 1]?.toLowerCase();
				left = Math.min(left + 1, above + 1, (row[at - 1] as number) + (isSame ? 0 : 1));
				return left;
			});
		}
		const distance = row.at(-1) as number;
		if (distance < least && distance <= Math.max(1, candidate.length / 3)) [best, least] = [candidate, distance];
	}
	return best;
}
