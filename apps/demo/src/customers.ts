import { createHash } from "node:crypto";

/** Who is signed in to the shop. */
export interface Customer {
	/** The shop's own id for the person: what `identify` is called with. */
	userId: string;
	name: string;
	email: string;
}

/** Two people to play with: one to stitch, and one to show that a shared device does not join two people. */
export const demoPeople: readonly [Customer, Customer] = [
	{ userId: "customer-1001", name: "Robin Fields", email: "robin@example.com" },
	{ userId: "customer-1002", name: "Sam Okafor", email: "sam@example.com" },
];

/**
 * The account for a name and an email; the same email is the same customer on every device. The shop has no passwords,
 * because everybody in it is invented. Null when either cannot be one.
 */
export function findCustomer(name: string, email: string): Customer | null {
	const cleanName = name.trim().slice(0, 80);
	const cleanEmail = email.trim().toLowerCase();
	if (!cleanName || cleanEmail.length > 200 || !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(cleanEmail)) return null;
	const known = demoPeople.find((person) => person.email === cleanEmail);
	// A digest, so that the id in addresses and logs is no personal data, and needs no table to stay the same.
	const userId = known?.userId ?? `customer-${createHash("sha256").update(cleanEmail).digest("hex").slice(0, 12)}`;
	return { userId, name: cleanName, email: cleanEmail };
}
