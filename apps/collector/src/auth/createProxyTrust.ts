import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Whose word counts about where a request came from. */
export interface ProxyTrust {
	/** Whether this peer is one of the configured proxies. */
	isTrusted(peer: string | undefined): boolean;
	/** The sender's address: the peer's, or the last one that trusted proxies name and that is none of theirs. */
	clientAddress(peer: string | undefined, forwardedFor: string | undefined): string | undefined;
}

/** @param proxies addresses and networks, such as `10.0.0.0/8` or `::1`. */
export function createProxyTrust(proxies: readonly string[]): ProxyTrust {
	const networks = proxies.map((proxy) => {
		const text = proxy.includes("/") ? proxy : `${proxy}/${proxy.includes(":") ? 128 : 32}`;
		return ipaddr.parseCIDR(text);
	});

	function isTrusted(peer: string | undefined): boolean {
		const address = parseAddress(peer);
		return networks.some(([network, bits]) => address?.kind() === network.kind() && address.match(network, bits));
	}

	return {
		isTrusted,
		clientAddress(peer, forwardedFor) {
			const own = parseAddress(peer)?.toString();
			if (!forwardedFor || networks.length === 0 || !isTrusted(peer)) return own;
			let nearest = own;
			// Read from the near end: what stands further left was written by someone who may be lying.
			for (const hop of forwardedFor.split(",").reverse()) {
				const address = parseAddress(hop.trim())?.toString();
				if (address === undefined) return nearest;
				nearest = address;
				if (!isTrusted(address)) return address;
			}
			return nearest;
		},
	};
}

/** IPv4 that came over IPv6 is IPv4. */
function parseAddress(text: string | undefined): Address | undefined {
	return text !== undefined && ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}

/** The network of an address: IPv4 to 24 bits, IPv6 to 48, which names a street and no house. */
export function truncateAddress(text: string): string | undefined {
	const address = parseAddress(text);
	if (!address) return undefined;
	return ipaddr
		.fromByteArray(address.toByteArray().map((byte, at) => (at < (isFour(address) ? 3 : 6) ? byte : 0)))
		.toString();
}

/** What a rate is counted by: an IPv4 address, or the /64 that one IPv6 subscriber has to himself. */
export function rateKeyOf(text: string): string {
	const address = parseAddress(text);
	if (!address || isFour(address)) return text;
	return ipaddr.fromByteArray(address.toByteArray().map((byte, at) => (at < 8 ? byte : 0))).toString();
}

function isFour(address: Address): boolean {
	return address.kind() === "ipv4";
}
