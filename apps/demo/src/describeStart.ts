import { demoPeople } from "./customers.ts";
import type { DevKeys } from "./readDevKeys.ts";

/** What a newcomer reads once everything runs: each line can be copied as it is. */
export function describeStart(url: string, keys: DevKeys): string {
	const [robin] = demoPeople;
	const curl = (path: string) => `curl -s -H "Authorization: Bearer ${keys.apiKey}" "${url}${path}"`;
	return `
Selfsame runs on ${url}

  The shop        ${url}/demo
  Script tag      <script async src="${url}/selfsame.js" data-write-key="${keys.webWriteKey}"></script>
  Server key      ${keys.serverWriteKey}   (write key for backends; keep it secret)
  Secret key      ${keys.apiKey}   (opens the profile API; keep it secret)

Browse the shop, put something into the cart, sign in as ${robin.name}. Then ask who that was:

  ${curl(`/v1/profiles/user_id:${robin.userId}`)}

and what ${robin.name.split(" ")[0]} did, before and after signing in:

  ${curl(`/v1/profiles/user_id:${robin.userId}/events`)}

Whoever else signed in:

  ${curl("/v1/profiles?identifierType=user_id")}

Ctrl+C stops it.
`;
}
