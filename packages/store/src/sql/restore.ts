import type { IdentityConfig } from "@selfsame/identity";
import type { Identifier } from "@selfsame/protocol";
import type { Amendments } from "./amendments.ts";
import { type CopiedRow, type CopiedTable, copiedTables, putRows, readRows, writeKeysTable } from "./copiedTables.ts";
import type { ErasedName } from "./identifierRows.ts";
import { requireSameRules } from "./identityRules.ts";
import type { RestoredEvent } from "./incoming.ts";
import { putMeta, readMeta } from "./meta.ts";
import { type Maybe, type Steps, step } from "./steps.ts";
import type { StoredCorrection, StoredWorkspace } from "./storedWorkspace.ts";
import { pluck, run, type Work } from "./work.ts";

/** Called with how many of how many events are done. */
export type Progress = (done: number, total: number) => void;

/** The database that is read. */
interface RestoreSource {
	run<T>(work: Work<T>): Maybe<T>;
	stored: StoredWorkspace;
	/** The number up to which all events are there, so that none is passed by; default: all that there are. */
	upTo?: number;
}

/** The database that is told everything again: a new one, or what an earlier run left. It has the workspace's secret. */
export interface RestoreTarget {
	run<T>(work: Work<T>): Maybe<T>;
	/** Commits what the steps did, or nothing of it. */
	transact<T>(steps: () => Steps<T>): Steps<T>;
	/** Stores events under the numbers that they had. */
	storeEvents(events: readonly RestoredEvent[]): Maybe<void>;
	/** What is to be used until the transaction at hand ends. */
	amendments(): Amendments;
	/** Makes what is stored from now on get numbers that were never given: of letters, after this one. */
	continueNumbers(lastLetter: number | undefined): Maybe<void>;
}

export interface Restoring {
	source: RestoreSource;
	target: RestoreTarget;
	config: IdentityConfig;
	progress: Progress;
}

/**
 * Builds a workspace's database anew from what the events and corrections of another one say, under any identity rules.
 * Goes on where an earlier, interrupted run stopped. Both may be in use while it runs; the source is only read.
 */
export function* restore(restoring: Restoring): Steps<void> {
	const { source, target, config } = restoring;
	const deletions = yield* step(source.run(source.stored.deletions()));
	yield* target.transact(() => step(target.run(prepare(config, deletions))));
	yield* restoreEvents(restoring);
	yield* target.transact(function* () {
		yield* restoreCorrections(restoring);
		yield* copyTables(restoring, copiedTables);
		yield* step(target.continueNumbers(yield* step(source.run(source.stored.lastLetter()))));
	});
}

function* prepare(config: IdentityConfig, deletions: number): Work<void> {
	yield* requireSameRules(config);
	if ((yield* readMeta("restored_deletions")) === undefined) yield* putMeta("restored_deletions", `${deletions}`);
}

function* restoreEvents(restoring: Restoring): Steps<void> {
	const { source, target, progress } = restoring;
	const total = yield* step(source.run(source.stored.count()));
	let done = (yield* step(target.run(pluck<number>("SELECT count(*) FROM events")))) as number;
	let last = (yield* step(target.run(pluck<number>("SELECT coalesce(max(seq), 0) FROM events")))) as number;
	progress(done, total);
	for (;;) {
		const page = yield* step(source.run(source.stored.eventsAfter(last, source.upTo ?? Number.MAX_SAFE_INTEGER)));
		if (page.length === 0) return;
		yield* target.transact(function* () {
			// Events name their write keys, which may be newer than the run.
			yield* copyTables(restoring, [writeKeysTable]);
			yield* step(target.storeEvents(page));
		});
		done += page.length;
		last = page.at(-1)?.seq ?? last;
		progress(done, total);
	}
}

function* restoreCorrections({ source, target }: Restoring): Steps<void> {
	const amendments = target.amendments();
	let last = (yield* step(target.run(pluck<number>("SELECT coalesce(max(id), 0) FROM corrections")))) as number;
	for (;;) {
		const page = yield* step(source.run(source.stored.correctionsAfter(last)));
		if (page.length === 0) return;
		for (const correction of page) yield* step(target.run(applyAgain(amendments, correction)));
		last = page.at(-1)?.id ?? last;
	}
}

function* applyAgain({ identifiers, corrections }: Amendments, correction: StoredCorrection): Work<void> {
	const { id, kind, at, before, actor, reason } = correction;
	const rowOf = (name: Identifier | ErasedName) =>
		"value" in name ? identifiers.resolve(name, at) : identifiers.resolveErased(name);
	const rows = { kind, a: yield* rowOf(correction.a), b: yield* rowOf(correction.b) };
	yield* corrections.applyRows(rows, { at, actor, reason }, before, id);
}

function* copyTables({ source, target }: Restoring, tables: readonly CopiedTable[]): Steps<void> {
	for (const table of tables) {
		yield* step(target.run(run(`DELETE FROM ${table.name}`)));
		let last: CopiedRow | null = null;
		for (;;) {
			const rows: CopiedRow[] = yield* step(source.run(readRows(table, last)));
			if (rows.length === 0) break;
			yield* step(target.run(putRows(table, rows)));
			last = rows.at(-1) ?? null;
		}
	}
}
