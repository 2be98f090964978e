import ipaddr from "ipaddr.js";
import { isForwarded, readHop } from "./readForwarded.ts";
import type { ReadHeader } from "./readWriteKey.ts";

/**
 * Whether a request comes from this machine itself: its peer and its `Host` are loopback, and no proxy passed it on. A page
 * that leads its own name to 127.0.0.1 (DNS rebinding) has another `Host`, and a proxy beside this server is the peer of
 * whoever comes through it.
 */
export function isLocal(peer: string | undefined, header: ReadHeader): boolean {
	return peer !== undefined && isLoopbackHost(peer) && isLoopbackHost(header("host") ?? "") && !isForwarded(header);
}

/** Whether a host, with or without a port, is a name or an address of the loopback interface. */
export function isLoopbackHost(host: string): boolean {
	const address = readHop(host);
	if (address !== null) return ipaddr.process(address).range() === "loopback";
	return /^([a-z0-9-]+\.)*localhost\.?(:\d{0,5})?$/i.test(host);
}

/** Whether a host, with or without a port, is an address: no page can lead a name of its own to it. */
export function isAddress(host: string): boolean {
	return readHop(host) !== null;
}
