import type { Identifier } from "@selfsame/protocol";
import { parse, v5 } from "uuid";

/** The name space of profile ids; never changes, or every profile would get another id. */
const profileNamespace = "6f2d6c1e-8d0b-5c57-9f0e-1f6a5e1f5e11";

/** The uuid that an identifier gives to a profile that begins with it. */
function identifierUuid({ type, value }: Identifier): string {
	return v5(`${type}\n${value}`, profileNamespace);
}

/** The id of a profile whose earliest identifier of its best type this is. A pure function of type and value. */
export function profileIdOf(identifier: Identifier): string {
	return `pro_${identifierUuid(identifier)}`;
}

/** The same as the database holds it. */
export function identifierKey(identifier: Identifier): Buffer {
	return Buffer.from(parse(identifierUuid(identifier)));
}
