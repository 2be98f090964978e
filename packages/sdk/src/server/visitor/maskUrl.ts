const PARAMETER = /[?&#]([^=?&#]*)=/g;
const SECRET = /token|passw|secret|api_?-?key|signature/i;
const SECRET_NAME = /^(?:pwd|auth|authorization|jwt|otp|code|session_?id|sid|email)$/i;

/**
 * Masks the values of sensitive query parameters, as `selfsame/browser` does: a URL is no place for a secret. Takes time
 * linear in the length of the address, which a stranger chooses.
 */
export function maskUrl(url: string): string {
	let masked = "";
	let done = 0;
	for (const { 0: start, 1: name = "", index } of url.matchAll(PARAMETER)) {
		if (index < done || !isSecret(name)) continue;
		const from = index + start.length;
		const to = endOfValue(url, from);
		if (to === from) continue;
		masked += `${url.slice(done, from)}masked`;
		done = to;
	}
	return masked + url.slice(done);
}

function isSecret(name: string): boolean {
	const plain = name.includes("%") ? decode(name) : name;
	return SECRET.test(plain) || SECRET_NAME.test(plain);
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

function endOfValue(url: string, from: number): number {
	for (let at = from; at < url.length; at++) {
		const code = url.charCodeAt(at);
		if (code === 38 || code === 35) return at;
	}
	return url.length;
}
