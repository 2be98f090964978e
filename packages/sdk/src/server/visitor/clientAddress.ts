/** Loopback, private, carrier-grade, unique local and link-local addresses: a peer there is our own proxy, not the visitor. */
const PRIVATE =
	/^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)|^(?:::1$|f[cd]|fe[89ab])/i;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^(?=.*:)[\da-f.:]{2,45}$/i;
/** More addresses than any chain of proxies has. */
const LONGEST_CHAIN = 50;

/**
 * The visitor's address. `trust` says how far `X-Forwarded-For` is believed:
 *
 * - `false`: not at all, the peer is the visitor;
 * - a number: so many proxies stand in front, the visitor is that many places from the right;
 * - `true`, or left out and the peer's own address is private or unknown: the last address that is not private. Every
 *   proxy appends whom it was called by, so what stands left of that was written by the visitor, who may write anything.
 */
export function clientAddress(
	peer: string | undefined,
	header: (name: string) => string | undefined,
	trust: boolean | number | undefined,
): string | undefined {
	const near = plainAddress(peer);
	const believed = trust ?? (!near || PRIVATE.test(near));
	if (believed === false || believed === 0) return near;
	// Where a runtime shows no peer (Workers), its own network wrote this header and nobody else could.
	const edge = near === undefined && believed === true ? plainAddress(header("cf-connecting-ip")) : undefined;
	if (edge) return edge;
	const chain = (header("x-forwarded-for") ?? "").split(",").slice(-LONGEST_CHAIN).map(plainAddress);
	if (typeof believed === "number") return chain.at(-believed) ?? near;
	for (let at = chain.length - 1; at >= 0; at--) {
		const address = chain[at];
		// What is no address ends the chain: left of it nothing is certain.
		if (!address) break;
		if (!PRIVATE.test(address)) return address;
	}
	return plainAddress(header("x-real-ip")) ?? chain.at(-1) ?? near;
}

/** An address without brackets, port and zone, IPv4 in its own form; undefined for what is no address. */
function plainAddress(text: string | undefined): string | undefined {
	const trimmed = (text ?? "").trim().slice(0, 80);
	const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed) ?? [];
	const [, withPort] = /^(\d{1,3}(?:\.\d{1,3}){3}):\d+$/.exec(trimmed) ?? [];
	const plain = (bracketed ?? withPort ?? trimmed).replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
	return IPV4.test(plain) || IPV6.test(plain) ? plain : undefined;
}
