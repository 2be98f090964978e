import type { RejectionCode, WarningCode } from "../verdicts.ts";

/** A refusal of one event. */
export interface Refusal {
	code: RejectionCode;
	detail: string;
}

/** What `parseEvent` notes besides its verdict. */
export type Notice = (code: WarningCode, detail: string) => void;
