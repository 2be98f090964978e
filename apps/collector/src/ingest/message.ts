import type { ReadHeader } from "../auth/readWriteKey.ts";
import type { BodyOptions } from "./readBody.ts";

/** A request as the ingest path sees it, whichever way it came. */
export interface IngestRequest {
	header: ReadHeader;
	/** Path and query. */
	url: string;
	/** The address at the other end of the socket; undefined where there is no socket. */
	peer: string | undefined;
	/** Reads the whole body. @throws RequestError when it is too large, too slow, one too many, or breaks off. */
	readBody(options: BodyOptions): Promise<Buffer>;
	/** Notes that a complete request with a valid key came this way. */
	vouch(): void;
}

/** What is answered, before it is a `Response` or on a socket. */
export interface IngestResponse {
	status: number;
	headers: Record<string, string | readonly string[]>;
	body: string;
}
