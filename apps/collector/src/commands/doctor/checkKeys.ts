import type { Source, Store } from "@selfsame/store";
import { findOptionFaults, parseSourceOptions } from "../../auth/sourceOptions.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Whether events can be sent and profiles read, and whether what pages say is believed too easily. */
export async function checkKeys(store: Pick<Store, "listSources" | "listSecretKeys">): Promise<Finding[]> {
	const [sources, keys] = [await store.listSources(), await store.listSecretKeys()];
	const findings: Finding[] = [];
	findings.push(
		keys.length > 0
			? ok(`${keys.length} secret key(s) can read profiles.`)
			: fail("No secret key exists, so nobody can read profiles.", "selfsame keys create NAME --scopes read"),
	);
	if (!sources.some(({ writeKeys }) => writeKeys.length > 0)) {
		return [...findings, fail("No source has a write key.", "selfsame sources create web --trust client")];
	}
	return [...findings, ...sources.flatMap(checkSource)];
}

function checkSource(source: Source): Finding[] {
	const { id, trust, writeKeys } = source;
	if (writeKeys.length === 0) return [warn(`Source ${id} has no write key.`, `selfsame sources add-key ${id}`)];
	let options: ReturnType<typeof parseSourceOptions>;
	try {
		options = parseSourceOptions(source.options);
	} catch (error) {
		return [fail((error as Error).message, `selfsame sources unset ${id} OPTION`)];
	}
	const secrets = Object.keys(options.identitySecrets ?? {}).length;
	if ((options.identityVerification ?? "off") !== "off" && secrets === 0) {
		const fix = `selfsame sources set ${id} identitySecrets '{"2026-01": "at least 32 random characters"}'`;
		return [fail(`Source ${id} asks for proof of user ids and has no secret to check it with.`, fix)];
	}
	const faults = findOptionFaults(source.options);
	if (faults.length > 0)
		return [fail(`Source ${id}: ${faults.join(" ")}`, `selfsame sources set ${id} OPTION JSON, or unset ${id} OPTION`)];
	if (trust === "client" && !options.allowedOrigins) {
		const fix = `selfsame sources set ${id} allowedOrigins '["https://your.site"]'`;
		return [warn(`Source ${id} takes events from pages of any origin.`, fix)];
	}
	return [ok(`Source ${id} (${trust}) has ${writeKeys.length} write key(s).`)];
}
