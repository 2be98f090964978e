import type { IdentityConfig } from "@selfsame/identity";
import type { Profile } from "@selfsame/protocol";
import type { ClientBase } from "pg";
import type { AllProfiles } from "../compareProfiles.ts";
import { createOneCommit } from "../sql/oneCommit.ts";
import { createOwnership } from "../sql/ownership.ts";
import { createProfileLister } from "../sql/profileLister.ts";
import { createProfileReader } from "../sql/profileReader.ts";
import { postgresDialect } from "./dialect.ts";
import { runTogether } from "./runTogether.ts";
import { createRunWork } from "./runWork.ts";

/**
 * All profiles in the order of their ids, some hundred at a time, inside a transaction that sees one commit. While some are
 * looked at, the next are read.
 */
export async function* profilesTogether(client: ClientBase, config: IdentityConfig): AllProfiles {
	const commit = createOneCommit();
	const ownership = createOwnership(commit);
	const { candidates } = createProfileLister(postgresDialect, ownership, createProfileReader(config, ownership));
	let last: Uint8Array = Buffer.alloc(0);
	const read = async (): Promise<Profile[] | null> => {
		const some = await createRunWork(client)(candidates.after(last));
		last = some.at(-1)?.key ?? last;
		const profiles = await runTogether(client, some.map(candidates.profileOf));
		commit.end();
		return some.length === 0 ? null : profiles.filter((profile) => profile !== null);
	};
	let next = read();
	try {
		for (;;) {
			const profiles = await next;
			if (!profiles) return undefined;
			next = read();
			// Whoever comes back for it is told; whoever does not come back needs not know.
			next.catch(() => {});
			yield* profiles;
		}
	} finally {
		// Nothing more is asked on the connection once its owner goes on.
		await next.catch(() => {});
	}
}
