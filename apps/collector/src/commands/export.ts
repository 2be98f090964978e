import { createWriteStream, existsSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Dataset, datasets, openSnapshot, type Snapshot, sqliteFile } from "@selfsame/store";
import { Argument, Command, Option } from "commander";
import { parseConfig, readConfig, toIdentityConfig } from "../config.ts";
import { readEnvironment } from "../environment.ts";
import { type Format, formats } from "../export/createEncoder.ts";
import { type EncodeOptions, encodeDataset } from "../export/encodeDataset.ts";
import { createMask, noMask } from "../privacy/createMask.ts";
import { printProgress } from "./printProgress.ts";

type Env = Record<string, string | undefined>;

interface ExportOptions {
	format: Format;
	out: string;
	masked?: boolean;
	force?: boolean;
}

/** `selfsame export`: a dataset into a file. */
export function exportCommand(env: Env): Command {
	return new Command("export")
		.description("write profiles, events, identifiers or the history of traits to a file")
		.addArgument(new Argument("<dataset>", "what to write").choices(datasets))
		.addOption(
			new Option("--format <format>", "of the file").choices(Object.keys(formats)).default("ndjson" satisfies Format),
		)
		.requiredOption("--out <file>", "where to; - is standard output")
		.option("--masked", "with personal traits masked, as for keys without pii:read")
		.option("--force", "write over the file if it is there")
		.addHelpText(
			"after",
			`
All rows are of one moment, the beginning of the export. A server may run meanwhile: neither waits for the other. A
SQLite file is first copied beside itself, so that needs as much room again for as long as the export takes; PostgreSQL is
read in one transaction, which keeps vacuum from freeing anything until it ends. The export gets its name when it is whole;
until then it has .part behind it.

In CSV, text that a spreadsheet would run as a formula has a leading '. Parquet has types, and is the smallest.

Examples:
  $ selfsame export profiles --format parquet --out profiles.parquet
  $ duckdb -c "SELECT traits->>'plan' AS plan, count(*) FROM 'profiles.parquet' GROUP BY 1"
  $ selfsame export events --format ndjson --out - | gzip > events.ndjson.gz
  $ DATABASE_URL=file:./backups/monday.db selfsame export trait-history --format csv --out history.csv --masked`,
		)
		.action((dataset: Dataset, options: ExportOptions) => writeExport(env, dataset, options));
}

async function writeExport(env: Env, dataset: Dataset, { format, out, masked, force }: ExportOptions): Promise<void> {
	const { databaseUrl, configFile } = readEnvironment(env);
	const config = configFile ? readConfig(configFile) : parseConfig({});
	const target = out === "-" ? null : findTarget(out, force === true);
	if (target !== null && databaseUrl.startsWith("file:")) refuseDatabase(target, sqliteFile(databaseUrl));
	const snapshot = await openSnapshot(databaseUrl, { identity: toIdentityConfig(config) });
	try {
		const mask = masked ? createMask(config.personalTraits) : noMask;
		await (target
			? toFile(target, snapshot, { dataset, format, mask })
			: toOutput(snapshot, { dataset, format, mask }));
	} finally {
		await snapshot.close();
	}
}

function findTarget(out: string, force: boolean): string {
	const target = resolve(out);
	const found = statSync(target, { throwIfNoEntry: false });
	// The finished file is renamed to it, which would put a device or a folder out of the way.
	if (found && !found.isFile())
		throw new Error(`${out} is no file. Name one, or write to standard output with --out -`);
	if (found && !force) throw new Error(`${out} exists already. Name a new file, or add --force.`);
	if (!existsSync(dirname(target))) {
		throw new Error(`${dirname(target)} is not there. Make it, or name another file.`);
	}
	return target;
}

/** `--force` is meant for an older export. */
function refuseDatabase(target: string, database: string): void {
	const files = ["", "-wal", "-shm"].map((suffix) => `${database}${suffix}`);
	if (files.some((file) => file === target || isSameFile(file, target)))
		throw new Error(`${target} is the database itself. Name another file.`);
}

/** Whether two paths lead to one file, through whatever links. */
function isSameFile(one: string, other: string): boolean {
	const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
	return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** A file that has the name is whole. */
async function toFile(target: string, snapshot: Snapshot, options: EncodeOptions): Promise<void> {
	const part = `${target}.part`;
	const total = await snapshot.count(options.dataset);
	const show = printProgress(options.dataset === "trait-history" ? "trait writes" : options.dataset);
	let rows = 0;
	const progress = (done: number) => {
		rows = done;
		show(Math.min(done, total), total);
	};
	try {
		// What people are called is not for everybody who has an account on the machine.
		await pipeline(
			Readable.from(encodeDataset(snapshot, { ...options, progress })),
			createWriteStream(part, { mode: 0o600 }),
		);
		await sync(part);
		await rename(part, target);
	} catch (error) {
		await rm(part, { force: true });
		throw explain(error, target);
	}
	show(total, total);
	console.log(`Wrote ${target}: ${rows} rows.`);
}

async function toOutput(snapshot: Snapshot, options: EncodeOptions): Promise<void> {
	try {
		await pipeline(Readable.from(encodeDataset(snapshot, options)), process.stdout, { end: false });
	} catch (error) {
		// A reader that has seen enough (`| head`) is no failure.
		if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
	}
}

async function sync(file: string): Promise<void> {
	const handle = await open(file, "r+");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

function explain(error: unknown, target: string): unknown {
	const { code, message } = error as NodeJS.ErrnoException;
	if (code === "ENOSPC") return new Error(`There is no room for ${target}. Free some, or name a file on another disk.`);
	if (code === "EACCES" || code === "EPERM" || code === "EROFS")
		return new Error(`${target} may not be written (${code}). Name a file in a folder that you may write to.`);
	return code ? new Error(`${target} could not be written: ${message}`) : error;
}
