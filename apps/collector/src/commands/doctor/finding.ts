/** What one check found, and what to do about it. */
export interface Finding {
	status: "ok" | "warn" | "fail";
	text: string;
	fix?: string;
}

export function ok(text: string): Finding {
	return { status: "ok", text };
}

export function warn(text: string, fix: string): Finding {
	return { status: "warn", text, fix };
}

export function fail(text: string, fix: string): Finding {
	return { status: "fail", text, fix };
}
