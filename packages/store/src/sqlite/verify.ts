import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IdentityConfig } from "@selfsame/identity";
import { compareProfiles, profilesOf, type VerifyReport } from "../compareProfiles.ts";
import { requireRules } from "../sql/identityRules.ts";
import type { Progress } from "../sql/restore.ts";
import { copyDatabase, openReader } from "./openDatabase.ts";
import { createReader } from "./reader.ts";
import { restoreInto } from "./restoreTarget.ts";
import { createRunWork } from "./runWork.ts";

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
		createRunWork(from)(requireRules(config));
		const rebuiltFile = join(scratch, "rebuilt.db");
		let events = 0;
		restoreInto(rebuiltFile, from, config, (done, total) => {
			events = total;
			progress(done, total);
		});
		from.close();

		const stored = createReader(copy, config);
		const rebuilt = createReader(rebuiltFile, config);
		const report = await compareProfiles(profilesOf(stored.listProfiles), profilesOf(rebuilt.listProfiles));
		stored.close();
		rebuilt.close();
		return { events, ...report };
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}
