import { ConfigError } from "../config.ts";
import type { Environment } from "../environment.ts";
import { isLoopbackHost } from "./isLocal.ts";

/** Characters. Shorter keys are tried out within days, by whoever can reach the server. */
const SHORTEST = 16;

/**
 * Refuses keys of the environment that are too short for where the server listens.
 *
 * @returns what to warn of: on a loopback address they are only good enough to try things out.
 * @throws ConfigError that names the variable.
 */
export function checkGivenKeys({
	host,
	writeKey,
	apiKey,
}: Pick<Environment, "host" | "writeKey" | "apiKey">): string[] {
	const given = { SELFSAME_WRITE_KEY: writeKey, SELFSAME_API_KEY: apiKey };
	const short = Object.entries(given).flatMap(([name, key]) => (key && key.length < SHORTEST ? [name] : []));
	if (short.length === 0) return [];
	const named = `${short.join(" and ")} ${short.length > 1 ? "have" : "has"} fewer than ${SHORTEST} characters`;
	const right = "Take a long random one, such as `openssl rand -hex 24` prints, or leave it out to have one made.";
	if (!isLoopbackHost(host))
		throw new ConfigError(`${named}, and HOST ${host} can be reached from elsewhere. ${right}`);
	return [`${named}: good enough on ${host} alone. ${right}`];
}
