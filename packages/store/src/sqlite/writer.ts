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
} from "../port.ts";
import { createCorrections } from "./corrections.ts";
import { createCounters } from "./counters.ts";
import { createDeadLetters } from "./deadLetters.ts";
import { createDeletion } from "./deletion.ts";
import { createEventRemoval } from "./eventRemoval.ts";
import { createKeyedHash } from "./hashes.ts";
import { createIdempotentRequests } from "./idempotentRequests.ts";
import { createIdentifiers } from "./identifiers.ts";
import { requireSameRules } from "./identityRules.ts";
import { createIngest } from "./ingest.ts";
import { isDurable, openWriter, type SqliteDatabase } from "./openDatabase.ts";
import { createOwnership } from "./ownership.ts";
import { createProfileReader } from "./profileReader.ts";
import { createPurge } from "./purge.ts";
import { adoptRebuilt } from "./rebuild.ts";
import { removeLeftCopies } from "./snapshotFile.ts";
import { createSources } from "./sources.ts";
import { createTombstones } from "./tombstones.ts";
import { putViews } from "./views.ts";

/** Everything that changes the workspace's file: one connection, one transaction at a time. */
export function createWriter(file: string, config: IdentityConfig) {
	const database = openUnder(config, file);
	putViews(database);
	removeLeftCopies(file);
	const hash = createKeyedHash(database);
	const identifiers = createIdentifiers(database, config, hash);
	const tombstones = createTombstones(database, hash);
	const counters = createCounters(database);
	const ingest = createIngest({ database, config, identifiers, tombstones, counters });
	const corrections = createCorrections(database, identifiers, ingest);
	const ownership = createOwnership(database);
	const removal = createEventRemoval({ database, identifiers, ownership, ingest, tombstones });
	const deletion = createDeletion({ database, hash, ownership, removal, tombstones, counters });
	const purge = createPurge({ database, removal, tombstones, counters });
	const profiles = createProfileReader(database, config, ownership);
	const sources = createSources(database);
	const letters = createDeadLetters(database);
	const requests = createIdempotentRequests(database);
	const dataVersion = database.prepare("PRAGMA data_version").pluck();
	let lastVersion = dataVersion.get() as number;

	const forget = () => {
		ingest.forget();
		counters.forget();
		tombstones.refresh();
	};

	/** Nothing else writes but a command now and then, such as a purge: then what is remembered may not be so any more. */
	const forgetIfChanged = () => {
		const version = dataVersion.get() as number;
		if (version !== lastVersion) forget();
		lastVersion = version;
	};

	/** Commits what `work` did, or nothing of it; then the memory of what was read is as the file is. */
	const transact = <T>(work: () => T): T => {
		database.exec("BEGIN IMMEDIATE");
		try {
			forgetIfChanged();
			const result = work();
			database.exec("COMMIT");
			ingest.settle();
			return result;
		} catch (error) {
			if (database.inTransaction) database.exec("ROLLBACK");
			forget();
			throw error;
		}
	};

	return {
		ingest: (events: readonly AcceptedEvent[], rejected: readonly DeadLetter[]): IngestResult[] =>
			transact(() => ingest.ingest(events, rejected)),

		correct: (correction: Correction, attribution: Attribution): void =>
			transact(() => corrections.apply(correction, attribution)),

		deleteProfile(
			ref: ProfileRef,
			options: { suppress: boolean; dryRun: boolean },
			attribution: Attribution,
		): DeletionReceipt | null {
			const receipt = transact(() => {
				const id = profiles.find(ref);
				return id === undefined ? null : deletion.erase(id, options, attribution);
			});
			// What was deleted must leave the log too, not only the pages.
			if (receipt && !options.dryRun) database.pragma("wal_checkpoint(TRUNCATE)");
			return receipt;
		},

		purge(query: PurgeQuery, options: { dryRun: boolean }, attribution: Attribution): { events: number } {
			const events = transact(() => purge.purge(query, options, attribution));
			if (events > 0 && !options.dryRun) database.pragma("wal_checkpoint(TRUNCATE)");
			return { events };
		},

		removeRejected: (ids: readonly number[]): number => transact(() => letters.remove(ids)),
		trimRejected: (limits: { maxCount: number; before: number }): number => transact(() => letters.trim(limits)),

		claimRequest: (
			request: RepeatableRequest,
			limits: { forgetBefore: number; abandonedBefore: number },
		): RequestClaim => transact(() => requests.claim(request, limits)),
		answerRequest: requests.answer,
		releaseRequest: requests.release,

		putSource: sources.putSource,
		putSecretKey: sources.putSecretKey,
		removeSecretKey: sources.removeSecretKey,
		touchSecretKey: sources.touchSecretKey,

		/** Takes and commits a write, which is what readiness is about. */
		ready(): void {
			transact(() =>
				database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('ready', ?)").run(`${Date.now()}`),
			);
		},

		/** How many identity decisions took which way since the start. */
		decisions: () => ({ ...ingest.decisions }),

		noteBackup: (at: number): void => {
			transact(() =>
				database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('last_backup_at', ?)").run(`${at}`),
			);
		},

		diagnostics(): Diagnostics {
			const at = database.prepare("SELECT value FROM meta WHERE name = 'last_backup_at'").pluck().get();
			return {
				decisions: { ...ingest.decisions },
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
		requireSameRules(database, config);
		return database;
	} catch (error) {
		database.close();
		if (error instanceof IdentityRulesChangedError && adoptRebuilt(file, config)) return openWriter(file);
		throw error;
	}
}
