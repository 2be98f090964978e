import process from "node:process";

export type DatabaseKind = "sqlite" | "postgres";

/**
 * What the suites that run on any database run on: SQLite, or PostgreSQL when `DATABASE_URL=postgres://...` is set. The
 * suites of PostgreSQL itself run in any case.
 */
export const databaseOfRun: DatabaseKind = /^postgres(?:ql)?:/.test(process.env.DATABASE_URL ?? "")
	? "postgres"
	: "sqlite";
