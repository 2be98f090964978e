import { isIP } from "node:net";
import { ConfigError } from "./config.ts";

/** What the environment says about how to run. */
export interface Environment {
	port: number;
	host: string;
	databaseUrl: string;
	writeKey: string | undefined;
	apiKey: string | undefined;
	/** Path of the configuration file. */
	configFile: string | undefined;
	logLevel: LogLevel;
}

const logLevels = ["fatal", "error", "warn", "info", "debug", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Reads the environment. An empty variable counts as left out. @throws ConfigError that names the variable. */
export function readEnvironment(env: Record<string, string | undefined>): Environment {
	return {
		port: readPort(env.PORT || "4600"),
		host: readHost(env.HOST || "127.0.0.1"),
		databaseUrl: readDatabaseUrl(env.DATABASE_URL || "file:./data/selfsame.db"),
		writeKey: readKey(env, "SELFSAME_WRITE_KEY"),
		apiKey: readKey(env, "SELFSAME_API_KEY"),
		configFile: env.SELFSAME_CONFIG || undefined,
		logLevel: readLogLevel(env.LOG_LEVEL || "info"),
	};
}

function readPort(text: string): number {
	const port = Number(text);
	if (/^\d+$/.test(text) && port <= 65_535) return port;
	throw new ConfigError(`PORT must be a number from 0 to 65535, not "${text}".`);
}

function readHost(text: string): string {
	if (isIP(text) > 0 || /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text)) return text;
	throw new ConfigError(
		`HOST must be an address of this machine without scheme, port and brackets, such as 127.0.0.1, 0.0.0.0 or ::1, not "${text}".`,
	);
}

function readDatabaseUrl(url: string): string {
	if (/^file:[^?]*\?/.test(url)) throw new ConfigError("DATABASE_URL: file:PATH takes no options behind a `?`.");
	if (/^(file:.|postgres:\/\/|postgresql:\/\/)/.test(url)) return url;
	throw new ConfigError("DATABASE_URL must be file:PATH or postgres://USER:PASSWORD@HOST/DATABASE.");
}

function readKey(env: Record<string, string | undefined>, name: string): string | undefined {
	const key = env[name];
	if (!key) return undefined;
	// A header cannot carry anything else, and a colon would end the user name of Basic authentication.
	if (/^[\x21-\x39\x3b-\x7e]+$/.test(key)) return key;
	throw new ConfigError(`${name} may hold only printable ASCII characters, without spaces and colons.`);
}

function readLogLevel(text: string): LogLevel {
	const level = logLevels.find((candidate) => candidate === text);
	if (level) return level;
	throw new ConfigError(`LOG_LEVEL must be one of ${logLevels.join(", ")}, not "${text}".`);
}
