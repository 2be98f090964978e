CREATE TABLE "limited_users" (
	"user" bigint NOT NULL,
	"root" bigint NOT NULL,
	CONSTRAINT "limited_users_user_root_pk" PRIMARY KEY("user","root")
);
--> statement-breakpoint
ALTER TABLE "identifiers" ADD COLUMN "latest" bigint;--> statement-breakpoint
ALTER TABLE "identifiers" ADD COLUMN "seen_with" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "identifiers" ADD COLUMN "tail" text COLLATE "C";--> statement-breakpoint
CREATE INDEX "limited_users_root" ON "limited_users" USING btree ("root");--> statement-breakpoint
-- With which identifiers users were seen is exact from now on, other than of devices.
INSERT INTO adjacent_users (identifier, "user", direct)
	SELECT DISTINCT l.identifier, l.lead, 1 FROM event_identifiers l JOIN identifiers i ON i.id = l.identifier
	WHERE l.kind = 0 AND i.type <> 'anonymous_id' ON CONFLICT DO NOTHING;--> statement-breakpoint
UPDATE identifiers SET seen_with = (SELECT json_object_agg(type, seen) FROM (
	SELECT i.type, count(*) AS seen FROM adjacent_users a JOIN identifiers i ON i.id = a.identifier
	WHERE a."user" = identifiers.id AND i.type <> 'anonymous_id' GROUP BY i.type) c)
	WHERE type = 'user_id' AND id IN (SELECT a."user" FROM adjacent_users a JOIN identifiers i ON i.id = a.identifier
		WHERE i.type <> 'anonymous_id');--> statement-breakpoint
INSERT INTO limited_users ("user", root)
	SELECT a."user", r.id FROM adjacent_users a JOIN identifiers i ON i.id = a.identifier
		JOIN identifiers r ON r.id = i.root WHERE r.limited IS NOT NULL AND r.state IN (1, 2)
	UNION SELECT a."user", r.id FROM aliases a JOIN identifiers i ON i.id = a.previous_anonymous
		JOIN identifiers r ON r.id = i.root WHERE a.reading = 1 AND r.limited IS NOT NULL AND r.state IN (1, 2);
