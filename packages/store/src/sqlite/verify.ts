import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IdentityConfig } from "@selfsame/identity";
import type { Profile } from "@selfsame/protocol";
import { IdentityRulesChangedError } from "../port.ts";
import { canonicalRules } from "../sql/identityRules.ts";
import type { Progress } from "../sql/restore.ts";
import { copyDatabase, openReader } from "./openDatabase.ts";
import { createReader, type Reader } from "./reader.ts";
import { restoreInto } from "./restoreTarget.ts";

/** A profile that is not what its events say. */
export interface Difference {
	id: string;
	/** As it is stored; null: it should not be. */
	stored: Profile | null;
	/** As the events make it; null: it should not be. */
	rebuilt: Profile | null;
}

export interface VerifyReport {
	events: number;
	profiles: number;
	differences: Difference[];
}

/** How many differences a report holds at the most; one is bad enough. */
const maxDifferences = 100;

/**
 * Rebuilds every profile from the events alone, in a scratch file, and compares.
 *
 * The stored file is copied first, so that both sides are of one moment while ingest goes on.
 */
export async function verifySqlite(file: string, config: IdentityConfig, progress: Progress): Promise<VerifyReport> {
	const scratch = mkdtempSync(join(tmpdir(), "selfsame-verify-"));
	try {
		const copy = join(scratch, "stored.db");
		const live = openReader(file);
		await copyDatabase(live, copy);
		live.close();

		const from = openReader(copy);
		const rules = from.prepare("SELECT value FROM meta WHERE name = 'identity_rules'").pluck().get();
		if (rules !== canonicalRules(config)) throw new IdentityRulesChangedError();
		const rebuiltFile = join(scratch, "rebuilt.db");
		let events = 0;
		restoreInto(rebuiltFile, from, config, (done, total) => {
			events = total;
			progress(done, total);
		});
		from.close();

		const stored = createReader(copy, config);
		const rebuilt = createReader(rebuiltFile, config);
		const report = compare(stored, rebuilt);
		stored.close();
		rebuilt.close();
		return { events, ...report };
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

/** Both lists are in the order of profile ids, so one walk finds what is different. */
function compare(stored: Reader, rebuilt: Reader): Omit<VerifyReport, "events"> {
	const differences: Difference[] = [];
	let profiles = 0;
	const [left, right] = [profilesOf(stored), profilesOf(rebuilt)];
	let [a, b] = [left.next().value, right.next().value];
	while ((a || b) && differences.length < maxDifferences) {
		profiles += 1;
		if (a && b && a.id === b.id) {
			if (JSON.stringify(a) !== JSON.stringify(b)) differences.push({ id: a.id, stored: a, rebuilt: b });
			[a, b] = [left.next().value, right.next().value];
		} else if (!b || (a && a.id < b.id)) {
			differences.push({ id: (a as Profile).id, stored: a ?? null, rebuilt: null });
			a = left.next().value;
		} else {
			differences.push({ id: b.id, stored: null, rebuilt: b });
			b = right.next().value;
		}
	}
	return { profiles, differences };
}

function* profilesOf(reader: Reader): Generator<Profile, undefined> {
	let cursor: string | null | undefined;
	do {
		const page = reader.listProfiles({ limit: 500, ...(cursor ? { cursor } : {}) });
		yield* page.data;
		cursor = page.page.next;
	} while (cursor);
	return undefined;
}
