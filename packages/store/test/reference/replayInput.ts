import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import type { MadeCorrection, Rules } from "./rules.ts";

/** All that the rule depends on. */
export interface ReplayInput {
	events: readonly AcceptedEvent[];
	corrections: readonly MadeCorrection[];
	/** An identifier with its generation at an instant. */
	keyAt(identifier: Identifier, timestamp: number): string;
	config: IdentityConfig;
	rules: Rules;
}
