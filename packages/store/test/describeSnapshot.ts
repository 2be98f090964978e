import { setImmediate as turn } from "node:timers/promises";
import { openSnapshot } from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configs } from "./configs.ts";
import type { DatabaseKind } from "./databaseOfRun.ts";
import { type Commit, randomCommits, readByApi, readBySnapshot, type Tables, withSnapshot } from "./datasets.ts";
import { numberedTrack } from "./numberedTrack.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";

const seed = Number(process.env.SELFSAME_SEED ?? 20260131);

const identity = configs["two emails"] as (typeof configs)[string];

/**
 * What snapshots of every driver are.
 *
 * @param lives how many random workspaces' lives are played into the one that is looked at.
 */
export function describeSnapshot(kind: DatabaseKind, lives: number): void {
	console.info(`snapshot test on ${kind}: SELFSAME_SEED=${seed}`);

	describe("a snapshot", () => {
		let temp: TempStore;
		beforeEach(async () => {
			temp = await openTempStore(identity, kind);
		});
		afterEach(() => temp.remove());

		it("is exactly the state after one commit, while events, merges and deletions go on", async () => {
			const commits = randomCommits(seed, lives);
			const taken: { from: number; to: number; tables: Tables }[] = [];
			let [done, started] = [0, 0];
			const pump = (async () => {
				for (const commit of commits) {
					// However fast the machine is, the snapshots are spread over all of it.
					while (started < Math.floor((4 * done) / commits.length)) await turn();
					await commit(temp.store);
					done += 1;
				}
			})();
			while (done < commits.length) {
				const from = done;
				started += 1;
				const snapshot = await openSnapshot(temp.url, { identity });
				const to = done;
				// The rest of the commits comes in while it is read.
				if (taken.length === 2) await pump;
				await turn();
				taken.push({ from, to, tables: await readBySnapshot(snapshot) });
				await snapshot.close();
			}
			await pump;
			expect(taken.length).toBeGreaterThan(2);
			await expectStates(commits, taken);
		});

		/** Plays the commits once more, and finds each of the tables after one of those that it may have been taken after. */
		async function expectStates(commits: Commit[], taken: { from: number; to: number; tables: Tables }[]) {
			const replica = await openTempStore(identity, kind);
			const states: Tables[] = [await readByApi(replica.store)];
			for (const commit of commits) {
				await commit(replica.store);
				states.push(await readByApi(replica.store));
			}
			await replica.remove();
			for (const { from, to, tables } of taken) {
				// A commit that was under way may have been in already.
				const candidates = states.slice(from, to + 2);
				expect(candidates, `one of the states ${from} to ${to + 1}`).toContainEqual(tables);
			}
			expect(states.at(-1)?.events.length).toBeGreaterThan(0);
		}

		it("counts what it holds, events of nobody included", async () => {
			for (const commit of randomCommits(seed + 1, Math.ceil(lives / 2))) await commit(temp.store);
			const stats = await temp.store.stats();
			await withSnapshot(temp.url, identity, async (snapshot) => {
				for (const dataset of ["profiles", "events", "trait-history"] as const) {
					let rows = 0;
					for await (const page of snapshot.pages(dataset)) rows += page.length;
					expect(rows, dataset).toBe(await snapshot.count(dataset));
					if (dataset !== "trait-history") expect(rows, dataset).toBe(stats[dataset]);
				}
			});
		});

		it("refuses other identity rules than the profiles stand on", async () => {
			await temp.store.ingest([numberedTrack(1)]);
			const other = configs["users and devices"] as typeof identity;
			await expect(openSnapshot(temp.url, { identity: other })).rejects.toThrow(/rules/);
		});
	});
}
