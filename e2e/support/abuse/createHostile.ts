import { gzipSync } from "node:zlib";
import type { Random } from "../random.ts";

/** A request as bytes, and what its sender does about the answer. */
export interface HostileRequest {
	bytes: Buffer;
	/** `answer`: waits for it; `head`: leaves once it begins; `leave`: is gone before it comes. */
	until: "answer" | "head" | "leave";
	isHead: boolean;
}

export interface HostileOptions {
	/** `/openapi.json` as the server tells it. */
	openApi: { paths: Record<string, Record<string, unknown>> };
	writeKey: string;
	secretKey: string;
}

/** A lone surrogate cannot be encoded: it goes as a client would send it. */
const encode = (text: string) => encodeURIComponent(Buffer.from(text).toString());

/** Makes requests that nobody honest sends, over every route there is. They name no honest person. */
export function createHostile(random: Random, { openApi, writeKey, secretKey }: HostileOptions) {
	const pick = <T>(values: readonly T[]): T => values[random.between(0, values.length - 1)] as T;
	const chance = (share: number) => random.next() < share;

	const routes = Object.entries(openApi.paths).flatMap(([path, operations]) =>
		Object.keys(operations)
			.filter((method) => /^(get|put|post|delete|patch)$/.test(method))
			.map((method) => ({ method: method.toUpperCase(), path })),
	);
	const assets = [
		"/selfsame.js",
		"/docs",
		"/docs/swagger-ui.css",
		"/docs/start.js",
		"/docs/../package.json",
		"/demo",
		"/",
	];
	const odd = [
		"",
		"0",
		"-1",
		"null",
		"true",
		"{}",
		"[]",
		"a:b",
		"user_id:",
		":x",
		"../../etc/passwd",
		"%00",
		"%ff",
		"%",
		"\u202e",
		"😀",
		"'; DROP TABLE events; --",
		"__proto__",
		"constructor",
		"toString",
		"1e999",
		"9".repeat(400),
		"x".repeat(3_000),
		"NaN",
		"2026-13-45",
		"1970-01-01T00:00:00Z",
		"+275760-09-13T00:00:00Z",
		"user_id:h1",
		"anonymous_id:h2",
		"h@x.example",
		"pro_00000000-0000-5000-8000-000000000000",
		"ndjson",
		"csv",
		"parquet",
		"asc",
		"1000",
		"0.0",
		"12.0",
		"\ud800",
	];
	const names = [
		"type",
		"event",
		"name",
		"userId",
		"anonymousId",
		"previousId",
		"groupId",
		"messageId",
		"traits",
		"context",
		"properties",
		"timestamp",
		"sentAt",
		"originalTimestamp",
		"batch",
		"writeKey",
		"identityToken",
		"integrations",
		"identifiers",
		"filter",
		"all",
		"any",
		"not",
		"did",
		"trait",
		"prop",
		"eq",
		"in",
		"gt",
		"contains",
		"sequence",
		"where",
		"within",
		"count",
		"limit",
		"cursor",
		"reason",
		"identifier",
		"from",
		"value",
		"externalIds",
		"__proto__",
		"ids",
	];
	const queries = [
		"limit",
		"cursor",
		"include",
		"asOf",
		"order",
		"type",
		"name",
		"from",
		"to",
		"dryRun",
		"suppress",
		"format",
		"identifierType",
		"seenAfter",
		"verdict",
		"source",
		"profile",
		"lastEventId",
		"writeKey",
		"class",
		"nonsense",
	];

	function value(depth = 0): unknown {
		const kind = random.between(0, depth > 3 ? 4 : 8);
		if (kind === 0) return random.between(-5, 2_000);
		if (kind <= 3) return pick(odd);
		if (kind === 4) return pick([null, true, false, 1.5e300, -0, Number.MAX_SAFE_INTEGER + 2]);
		if (kind === 5) return Array.from({ length: random.between(0, 4) }, () => value(depth + 1));
		return Object.fromEntries(Array.from({ length: random.between(0, 5) }, () => [pick(names), value(depth + 1)]));
	}

	function event(): Record<string, unknown> {
		const fields = value(2);
		const own = {
			type: pick(["track", "identify", "page", "screen", "group", "alias", "bogus"]),
			...(chance(0.8) ? { userId: `h${random.between(1, 60)}` } : {}),
			...(chance(0.6) ? { anonymousId: `h${random.between(1, 60)}` } : {}),
			...(chance(0.2) ? { previousId: `h${random.between(1, 60)}` } : {}),
			...(chance(0.3) ? { messageId: `hostile ${random.between(1, 500)}` } : {}),
			[pick(names)]: value(1),
		};
		return typeof fields === "object" ? { ...own, ...fields } : own;
	}

	function body(): Buffer {
		const kind = random.between(0, 9);
		if (kind <= 2) return Buffer.from(JSON.stringify({ batch: Array.from({ length: random.between(0, 12) }, event) }));
		if (kind <= 4) return Buffer.from(JSON.stringify(event()));
		if (kind <= 6) return Buffer.from(JSON.stringify(value()) ?? "");
		if (kind === 7) return Buffer.from(Array.from({ length: random.between(0, 300) }, () => random.between(0, 255)));
		if (kind === 8)
			return Buffer.from(pick(["[", '{"a":', "[],", '"\\u0000"', "9", " "]).repeat(random.between(1, 8_000)));
		return Buffer.from(
			JSON.stringify({ writeKey, batch: [event(), { ...event(), pad: "x".repeat(random.between(0, 9_000)) }] }),
		);
	}

	function target(): { method: string; path: string } {
		const known = chance(0.12) ? { method: "GET", path: pick(assets) } : pick(routes);
		// An export copies the database; few are enough.
		if (known.path.startsWith("/v1/export") && !chance(0.1)) return target();
		const path = known.path.replace(/\{\w+\}/g, () => encode(pick(odd)));
		const asked = Array.from({ length: chance(0.4) ? random.between(1, 4) : 0 }, () => {
			const text = pick(odd);
			return `${pick(queries)}=${chance(0.9) ? encode(text) : text.replaceAll(/[^!-~]/g, "?")}`;
		});
		const method = chance(0.85)
			? known.method
			: pick(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "POST"]);
		return { method, path: asked.length > 0 ? `${path}?${asked.join("&")}` : path };
	}

	function headers(path: string): string[] {
		const isRead = /^\/v1\/(profiles|groups|export|stats|rejected|events|spaces)/.test(path);
		const key = chance(0.75) ? (isRead ? secretKey : writeKey) : pick([writeKey, secretKey, "wrong", "", null]);
		const scheme = pick(["Bearer", "Bearer", "Basic", "Basic", "bearer", "Digest"]);
		const credentials = scheme === "Basic" ? Buffer.from(`${key}:`).toString("base64") : key;
		return [
			...(key === null ? [] : [`authorization: ${scheme} ${credentials}`]),
			...(chance(0.3)
				? [`content-type: ${pick(["application/json", "text/plain", "multipart/form-data", "x", ""])}`]
				: []),
			...(chance(0.1) ? [`origin: ${pick(["null", "https://x.example", "x"])}`] : []),
			...(chance(0.1) ? [`x-forwarded-for: ${pick(["1.2.3.4", "x, y", "::1, unknown", ","])}`] : []),
			...(chance(0.05) ? [`if-none-match: ${pick(["*", '"x"', "W/"])}`] : []),
			...(chance(0.05) ? [`idempotency-key: ${pick(["k1", "k2", "x".repeat(600)])}`] : []),
			...(chance(0.05)
				? [
						`last-event-id: ${pick(odd)
							.replaceAll(/[^!-~]/g, "?")
							.slice(0, 50)}`,
					]
				: []),
			...(chance(0.03) ? ["expect: 100-continue"] : []),
			...(chance(0.03) ? ["connection: upgrade", "upgrade: websocket"] : []),
			...(chance(0.02) ? [`x-odd: ${"y".repeat(random.between(0, 20_000))}`] : []),
			...(chance(0.05) ? [`content-encoding: ${pick(["gzip", "br", "identity", "gzip, gzip"])}`] : []),
		];
	}

	/** The body behind its length or in pieces; sometimes with a length that is not its own, and with what belongs to no body. */
	function frame(bytes: Buffer): { lines: string[]; sent: Buffer; isWhole: boolean } {
		const kind = random.next();
		if (kind < 0.75) return { lines: [`content-length: ${bytes.length}`], sent: bytes, isWhole: true };
		if (kind < 0.8) {
			return { lines: [`content-length: ${bytes.length + random.between(1, 9_999)}`], sent: bytes, isWhole: false };
		}
		if (kind < 0.83)
			return { lines: [`content-length: ${pick(["-1", "x", "1e3", "99999999999"])}`], sent: bytes, isWhole: false };
		const pieces: Buffer[] = [];
		const size = pick([1, 7, 4_096]);
		for (let at = 0; at < Math.min(bytes.length, size * 400); at += size) {
			const piece = bytes.subarray(at, at + size);
			pieces.push(
				Buffer.from(`${piece.length.toString(16)}${chance(0.05) ? `${";e=x".repeat(50)}` : ""}\r\n`),
				piece,
				Buffer.from("\r\n"),
			);
		}
		const isWhole = chance(0.9);
		const end = isWhole ? `0\r\n${chance(0.2) ? "x-trailer: t\r\n" : ""}\r\n` : "ZZ\r\n";
		return { lines: ["transfer-encoding: chunked"], sent: Buffer.concat([...pieces, Buffer.from(end)]), isWhole };
	}

	return (): HostileRequest => {
		if (chance(0.02)) {
			const junk = Buffer.from(Array.from({ length: random.between(1, 200) }, () => random.between(0, 255)));
			return { bytes: junk, until: "leave", isHead: false };
		}
		const { method, path } = target();
		const withBody = method !== "GET" && method !== "HEAD" ? true : chance(0.1);
		const plain = withBody ? body() : Buffer.alloc(0);
		const { lines, sent, isWhole } = withBody
			? frame(chance(0.15) ? gzipSync(plain) : plain)
			: { lines: [], sent: plain, isWhole: true };
		const head = [`${method} ${path} HTTP/1.1`, ...(chance(0.99) ? ["host: x"] : []), ...headers(path), ...lines];
		const bytes = Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), sent]);
		const isEndless = path.startsWith("/v1/events/stream") || path.startsWith("/v1/export");
		return {
			bytes,
			until: !isWhole || chance(0.03) ? "leave" : isEndless ? "head" : "answer",
			isHead: method === "HEAD",
		};
	};
}
