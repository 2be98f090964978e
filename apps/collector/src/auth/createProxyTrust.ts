import ipaddr from "ipaddr.js";
import { firstOf, readForwarded, readHop } from "./readForwarded.ts";
import type { ReadHeader } from "./readWriteKey.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** How a sender reached the outermost trusted proxy, as far as the proxies say. */
interface PublicSide {
	/** `http` or `https`. */
	scheme?: string;
	/** With its port, where that is not the scheme's own. */
	host?: string;
	/** The path that a proxy took off, such as `/collect`; empty where it took none. */
	prefix: string;
}

/** Whose word counts about where a request came from. */
export interface ProxyTrust {
	/** Whether this peer is one of the configured proxies. */
	isTrusted(peer: string | undefined): boolean;
	/** The sender's address: the peer's, or the last one that trusted proxies name and that is none of theirs. */
	clientAddress(peer: string | undefined, header: ReadHeader): string | undefined;
	/** How the sender reached them; null where no trusted proxy stands between. */
	publicSide(peer: string | undefined, header: ReadHeader): PublicSide | null;
}

/** @param proxies addresses and networks, such as `10.0.0.0/8` or `::1`; see `parseNetwork`. */
export function createProxyTrust(proxies: readonly string[]): ProxyTrust {
	const networks = proxies.map(parseNetwork);

	function isTrusted(peer: string | undefined): boolean {
		if (networks.length === 0) return false;
		const address = parseAddress(peer);
		return networks.some(([network, bits]) => address?.kind() === network.kind() && address.match(network, bits));
	}

	/** Read from the near end: what stands further away was written by someone who may be lying. */
	function walk(peer: string | undefined, header: ReadHeader) {
		const { hops, elements } = readForwarded(header);
		let nearest = parseAddress(peer)?.toString();
		let farthest: (typeof elements)[number] = {};
		for (const [at, hop] of hops.entries()) {
			farthest = elements[at] ?? {};
			const address = hop === null ? undefined : parseAddress(hop)?.toString();
			if (address === undefined) break;
			nearest = address;
			if (!isTrusted(address)) break;
		}
		return { address: nearest, ...farthest };
	}

	return {
		isTrusted,
		clientAddress(peer, header) {
			return isTrusted(peer) ? walk(peer, header).address : parseAddress(peer)?.toString();
		},
		publicSide(peer, header) {
			if (!isTrusted(peer)) return null;
			const told = walk(peer, header);
			const scheme = (firstOf(header("x-forwarded-proto")) ?? told.proto)?.toLowerCase();
			const host = readHost(firstOf(header("x-forwarded-host")) ?? told.host, firstOf(header("x-forwarded-port")));
			return {
				...(scheme === "http" || scheme === "https" ? { scheme } : {}),
				...(host ? { host } : {}),
				prefix: readPrefix(firstOf(header("x-forwarded-prefix"))),
			};
		},
	};
}

/** A host as an address may hold it, with the port that a proxy names apart from it. */
function readHost(host: string | undefined, port: string | undefined): string | null {
	if (host === undefined || !/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(host)) return null;
	return /:\d+$/.test(host) || port === undefined || !/^\d{1,5}$/.test(port) ? host : `${host}:${port}`;
}

/** A path without a slash at its end; what is none, or could be read as another host, is left out. */
function readPrefix(prefix: string | undefined): string {
	return prefix && /^(\/[A-Za-z0-9._~%-]+)+\/*$/.test(prefix) ? prefix.replace(/\/+$/, "") : "";
}

/**
 * A network as `trustedProxies` names it: `10.0.0.0/8`, `10.0.0.5`, `2001:db8::/32`. IPv4 that is written as IPv6
 * (`::ffff:10.0.0.0/104`) is IPv4, as it is when it arrives.
 *
 * @throws an Error that says what the right form is.
 */
export function parseNetwork(text: string): [Address, number] {
	const [, host = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
	const form = "Write an address or a network, such as `10.0.0.5`, `10.0.0.0/8`, `::1` or `2001:db8::/32`.";
	const plain = readHop(host);
	if (plain === null) {
		const names = /^[a-z][a-z0-9.-]*$/i.test(text) ? " A name is none: proxies are told by their address." : "";
		throw new Error(`this is no address.${names} ${form}`);
	}
	if (plain !== host)
		throw new Error(`an address has no port, brackets or zone here. Write \`${text.replace(host, plain)}\`.`);
	const address = ipaddr.parse(plain);
	const own = address.kind() === "ipv4" ? 32 : 128;
	const length = bits === undefined ? own : Number(bits);
	if (length > own) throw new Error(`${address.kind() === "ipv4" ? "IPv4" : "IPv6"} has at most ${own} bits. ${form}`);
	if (!(address instanceof ipaddr.IPv6) || !address.isIPv4MappedAddress()) return [address, length];
	const four = address.toIPv4Address();
	if (length >= 96) return [four, length - 96];
	throw new Error(`IPv4 arrives as IPv4. Write \`${four.toString()}/${Math.min(length, 32)}\`.`);
}

/** IPv4 that came over IPv6 is IPv4; ports, brackets and zones are no part of an address. */
function parseAddress(text: string | undefined): Address | undefined {
	const plain = text === undefined ? null : readHop(text);
	return plain === null ? undefined : ipaddr.process(plain);
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
	if (!address || isFour(address)) return address?.toString() ?? text;
	return ipaddr.fromByteArray(address.toByteArray().map((byte, at) => (at < 8 ? byte : 0))).toString();
}

function isFour(address: Address): boolean {
	return address.kind() === "ipv4";
}
