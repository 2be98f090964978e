-- Of users that an alias had linked it was not noted exactly whether they were seen in person too.
UPDATE identifiers SET flags = flags | 8 WHERE id IN (SELECT identifier FROM adjacent_users WHERE direct = 0);--> statement-breakpoint
UPDATE adjacent_users SET direct = 1 WHERE direct = 0 AND (identifier, "user") IN (
	SELECT l.identifier, l.lead FROM event_identifiers l
	WHERE l.kind = 0 AND l.identifier IN (SELECT identifier FROM adjacent_users WHERE direct = 0));--> statement-breakpoint
DELETE FROM adjacent_users WHERE direct = 0;
