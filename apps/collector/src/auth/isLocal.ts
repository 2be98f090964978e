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

/**
 * Whether a request's `Host` is one of this server's own: a loopback name, an address, or that of `publicUrl`. Any other is a
 * name that somebody led here, such as a page that wants to read answers as its own (DNS rebinding).
 */
export function isOwnHost(host: string, publicUrl?: string): boolean {
	if (isLoopbackHost(host) || readHop(host) !== null) return true;
	return publicUrl !== undefined && nameOf(host) === new URL(publicUrl).hostname;
}

const nameOf = (host: string) => host.replace(/:\d*$/, "").toLowerCase();
