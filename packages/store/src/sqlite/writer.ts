import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, IngestResult } from "@selfsame/protocol";
import {
	type Attribution,
	type Correction,
	type DeadLetter,
	type DeletionReceipt,
	type Diagnostics,
	IdentityRulesChangedError,
	type ProfileRef,
	type PurgeQuery,
	type RepeatableRequest,
	type RequestClaim,
	type SecretKey,
	type Source,
} from "../port.ts";
import { createAmendments } from "../sql/amendments.ts";
import { deadLetters } from "../sql/deadLetters.ts";
import { noDecisions } from "../sql/decider.ts";
import { idempotentRequests } from "../sql/idempotentRequests.ts";
import { bringRulesUpToDate, requireSameRules } from "../sql/identityRules.ts";
import { createKeyedHash, hashSecret } from "../sql/keyedHash.ts";
import { putMeta, readMeta } from "../sql/meta.ts";
import { sources } from "../sql/sources.ts";
import type { Work } from "../sql/work.ts";
import { createCountedIds } from "./countedIds.ts";
import { sqliteDialect } from "./dialect.ts";
import { createIngest } from "./ingest.ts";
import { isDurable, openWriter, type SqliteDatabase, truncateLog } from "./openDatabase.ts";
import { adoptRebuilt } from "./rebuild.ts";
import { createRunWork } from "./runWork.ts";
import { removeLeftCopies } from "./snapshotFile.ts";
import { putViews } from "./views.ts";

/** How many identifiers are kept in memory: about 100 MB at the most. */
const mostIdentifiers = 200_000;

/** Everything that changes the workspace's file: one connection, one transaction at a time. */
export function createWriter(file: string, config: IdentityConfig) {
	const database = openUnder(config, file);
	putViews(database);
	removeLeftCopies(file);
	const runWork = createRunWork(database);
	const counts = noDecisions();
	const amendments = createAmendments({
		dialect: sqliteDialect,
		config,
		hash: createKeyedHash(runWork(hashSecret())),
		ids: createCountedIds(),
		counts,
		most: mostIdentifiers,
	});
	const ingest = createIngest({ database, runWork, config, ...amendments });
	const dataVersion = database.prepare("PRAGMA data_version").pluck();
	let lastVersion = dataVersion.get() as number;

	const forget = () => {
		amendments.forget();
		ingest.forget();
	};

	/** Nothing else writes but a command now and then, such as a purge: then what is remembered may not be so any more. */
	const forgetIfChanged = () => {
		const version = dataVersion.get() as number;
		if (version !== lastVersion) forget();
		lastVersion = version;
	};

	/** Commits what `write` did, or nothing of it; then the memory of what was read is as the file is. */
	const commit = <T>(write: () => T): T => {
		database.exec("BEGIN IMMEDIATE");
		try {
			forgetIfChanged();
			const result = write();
			database.exec("COMMIT");
			ingest.settle();
			return result;
		} catch (error) {
			if (database.inTransaction) database.exec("ROLLBACK");
			forget();
			throw error;
		}
	};
	const transact = <T>(work: Work<T>): T => commit(() => runWork(work));
	transact(bringRulesUpToDate(config, amendments.decider, Date.now()));

	return {
		ingest: (events: readonly AcceptedEvent[], rejected: readonly DeadLetter[]): IngestResult[] =>
			commit(() => ingest.ingest(events, rejected)),

		correct: (correction: Correction, attribution: Attribution): void =>
			transact(amendments.corrections.apply(correction, attribution)),

		deleteProfile(
			ref: ProfileRef,
			options: { suppress: boolean; dryRun: boolean },
			attribution: Attribution,
		): DeletionReceipt | null {
			const receipt = transact(amendments.deleteProfile(ref, options, attribution));
			// What was deleted must leave the log too, not only the pages.
			if (receipt && !options.dryRun) truncateLog(database);
			return receipt;
		},

		purge(query: PurgeQuery, options: { dryRun: boolean }, attribution: Attribution): { events: number } {
			const events = transact(amendments.purge(query, options, attribution));
			if (events > 0 && !options.dryRun) truncateLog(database);
			return { events };
		},

		removeRejected: (ids: readonly number[]): number => transact(deadLetters.remove(ids)),
		trimRejected: (limits: { maxCount: number; before: number }): number => transact(deadLetters.trim(limits)),

		claimRequest: (
			request: RepeatableRequest,
			limits: { forgetBefore: number; abandonedBefore: number },
		): RequestClaim => transact(idempotentRequests.claim(request, limits)),
		answerRequest: (hash: string, answer: { status: number; body: string }): void =>
			transact(idempotentRequests.answer(hash, answer)),
		releaseRequest: (hash: string): void => transact(idempotentRequests.release(hash)),

		listSources: (): Source[] => runWork(sources.listSources()),
		putSource: (source: Source): void => transact(sources.putSource(source)),
		putSecretKey: (key: SecretKey): void => transact(sources.putSecretKey(key)),
		removeSecretKey: (id: string): boolean => transact(sources.removeSecretKey(id)),
		touchSecretKey: (id: string, at: number): void => transact(sources.touchSecretKey(id, at)),

		/** Takes and commits a write, which is what readiness is about. */
		ready: (): void => transact(putMeta("ready", `${Date.now()}`)),

		/** Copies back what little of the log the checkpointer left, so that the next commit begins it anew. */
		finishCheckpoint(): void {
			database.pragma("wal_checkpoint(PASSIVE)");
		},

		/** How many identity decisions took which way since the start. */
		decisions: () => ({ ...counts }),

		noteBackup: (at: number): void => transact(putMeta("last_backup_at", `${at}`)),

		diagnostics(): Diagnostics {
			const at = runWork(readMeta("last_backup_at"));
			return {
				decisions: { ...counts },
				durable: isDurable(database),
				lastBackupAt: at === undefined ? null : Number(at),
			};
		},

		/** How many rows this connection has written, changed or removed since it was opened. */
		rowsWritten: (): number => database.prepare("SELECT total_changes()").pluck().get() as number,

		close(): void {
			database.close();
		},
	};
}

/** Opens the file; where it stands on other rules, the finished rebuild beside it takes its place. */
function openUnder(config: IdentityConfig, file: string): SqliteDatabase {
	const database = openWriter(file);
	try {
		createRunWork(database)(requireSameRules(config));
		return database;
	} catch (error) {
		database.close();
		if (error instanceof IdentityRulesChangedError && adoptRebuilt(file, config)) return openWriter(file);
		throw error;
	}
}
