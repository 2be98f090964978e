import type { IdentityConfig } from "@selfsame/identity";
import type { Identifier } from "@selfsame/protocol";
import { identifierKey } from "../sql/hashes.ts";
import { type IdentifierColumns, identifierColumns, toIdentifierRow } from "../sql/identifierRows.ts";
import { type IdentifierIds, type Identifiers, limitedAlone } from "../sql/identifiers.ts";
import { all, run, type Work } from "../sql/work.ts";

const find = `SELECT ${identifierColumns}, encode(key, 'hex') AS name FROM identifiers
	WHERE died_at IS NULL AND key IN (SELECT decode(k, 'hex') FROM json_array_elements_text(CAST(? AS json)) k)`;
const make = `INSERT INTO identifiers (id, key, type, value, flags, root, limited)
	SELECT id, decode(name, 'hex'), type, value, 0, id, limited
	FROM json_to_recordset(CAST(? AS json)) AS r(id bigint, name text, type text, value text, limited text)`;

/**
 * Puts the living rows of many names in memory with two statements, making those that are missing. Nobody else may make any
 * meanwhile.
 */
export function* loadIdentifiers(
	names: readonly Identifier[],
	{ identifiers, ids, config }: { identifiers: Identifiers; ids: IdentifierIds; config: IdentityConfig },
): Work<void> {
	const wanted = new Map<string, Identifier>();
	for (const name of names) {
		if (!identifiers.known(name)) wanted.set(identifierKey(name).toString("hex"), name);
	}
	if (wanted.size === 0) return;
	for (const { name, ...row } of yield* all<IdentifierColumns & { name: string }>(
		find,
		JSON.stringify([...wanted.keys()]),
	)) {
		identifiers.learn(toIdentifierRow(row));
		wanted.delete(name);
	}
	const made: object[] = [];
	for (const [name, { type, value }] of wanted) {
		const id = yield* ids.next();
		const limited = limitedAlone(config, type);
		const row = { id, type, value, erased: null, flags: 0, root: id, state: 0, owner: null, size: 1, limited };
		identifiers.learn({ ...row, fresh: true });
		made.push({ id, name, type, value, limited });
	}
	if (made.length > 0) yield* run(make, JSON.stringify(made));
}
