CREATE TABLE `adjacent_users` (
	`identifier` integer NOT NULL,
	`user` integer NOT NULL,
	`direct` integer NOT NULL,
	PRIMARY KEY(`identifier`, `user`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `adjacent_users_user` ON `adjacent_users` (`user`);--> statement-breakpoint
CREATE TABLE `aliases` (
	`seq` integer PRIMARY KEY NOT NULL,
	`ts` integer NOT NULL,
	`message_id` text NOT NULL,
	`source` text NOT NULL,
	`user` integer NOT NULL,
	`previous_user` integer NOT NULL,
	`previous_anonymous` integer NOT NULL,
	`reading` integer NOT NULL,
	`trusted` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `aliases_user` ON `aliases` (`user`);--> statement-breakpoint
CREATE INDEX `aliases_previous_user` ON `aliases` (`previous_user`);--> statement-breakpoint
CREATE INDEX `aliases_previous_anonymous` ON `aliases` (`previous_anonymous`);--> statement-breakpoint
CREATE TABLE `changes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`kind` text NOT NULL,
	`identifier` integer,
	`other` integer,
	`seq` integer
);
--> statement-breakpoint
CREATE TABLE `corrections` (
	`id` integer PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	`a` integer NOT NULL,
	`b` integer,
	`actor` text NOT NULL,
	`reason` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `corrections_a` ON `corrections` (`a`);--> statement-breakpoint
CREATE INDEX `corrections_b` ON `corrections` (`b`);--> statement-breakpoint
CREATE TABLE `counters` (
	`name` text PRIMARY KEY NOT NULL,
	`value` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source` text NOT NULL,
	`received_at` integer NOT NULL,
	`message_id` text,
	`code` text NOT NULL,
	`detail` text NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `dead_letters_received` ON `dead_letters` (`received_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `dead_letters_message` ON `dead_letters` (`source`,`message_id`,`code`);--> statement-breakpoint
CREATE TABLE `deletions` (
	`receipt` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`suppress` integer NOT NULL,
	`erased_events` integer NOT NULL,
	`identifiers` integer NOT NULL,
	`actor` text NOT NULL,
	`reason` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `event_identifiers` (
	`identifier` integer NOT NULL,
	`ts` integer NOT NULL,
	`seq` integer NOT NULL,
	`lead` integer NOT NULL,
	`kind` integer NOT NULL,
	PRIMARY KEY(`identifier`, `ts`, `seq`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `event_identifiers_joint` ON `event_identifiers` (`lead`) WHERE kind = 2;--> statement-breakpoint
CREATE TABLE `event_payloads` (
	`seq` integer PRIMARY KEY NOT NULL,
	`body` text NOT NULL,
	`traits` text
);
--> statement-breakpoint
CREATE TABLE `events` (
	`seq` integer PRIMARY KEY NOT NULL,
	`source` text NOT NULL,
	`message_id` text NOT NULL,
	`type` integer NOT NULL,
	`trusted` integer NOT NULL,
	`ts` integer NOT NULL,
	`received_at` integer NOT NULL,
	`lead` integer,
	`anonymous` integer,
	`name` text,
	`claims` text,
	`write_key` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_message` ON `events` (`source`,`message_id`);--> statement-breakpoint
CREATE INDEX `events_lead` ON `events` (`lead`,`ts`);--> statement-breakpoint
CREATE TABLE `gone_messages` (
	`hash` blob PRIMARY KEY NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `group_writes` (
	`group_id` text NOT NULL,
	`key` text NOT NULL,
	`ts` integer NOT NULL,
	`message_id` text NOT NULL,
	`source` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`group_id`, `key`, `ts`, `message_id`, `source`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `identifiers` (
	`id` integer PRIMARY KEY NOT NULL,
	`key` blob NOT NULL,
	`type` text NOT NULL,
	`value` text,
	`flags` integer NOT NULL,
	`died_at` integer,
	`root` integer NOT NULL,
	`state` integer DEFAULT 0 NOT NULL,
	`owner` integer,
	`size` integer DEFAULT 1 NOT NULL,
	`limited` text
);
--> statement-breakpoint
CREATE INDEX `identifiers_key` ON `identifiers` (`key`);--> statement-breakpoint
CREATE INDEX `identifiers_members` ON `identifiers` (`root`) WHERE root <> id;--> statement-breakpoint
CREATE INDEX `identifiers_owner` ON `identifiers` (`owner`) WHERE owner IS NOT NULL;--> statement-breakpoint
CREATE INDEX `identifiers_owner_limited` ON `identifiers` (`owner`) WHERE limited IS NOT NULL;--> statement-breakpoint
CREATE TABLE `memberships` (
	`group_id` text NOT NULL,
	`lead` integer NOT NULL,
	`ts` integer NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`group_id`, `lead`, `ts`, `seq`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `memberships_lead` ON `memberships` (`lead`,`ts`);--> statement-breakpoint
CREATE TABLE `meta` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `secret_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer
);
--> statement-breakpoint
CREATE TABLE `sources` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`trust` text NOT NULL,
	`options` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `spans` (
	`identifier` integer NOT NULL,
	`from_ts` integer NOT NULL,
	`from_message` text NOT NULL,
	`from_source` text NOT NULL,
	`owner` integer NOT NULL,
	PRIMARY KEY(`identifier`, `from_ts`, `from_message`, `from_source`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `spans_owner` ON `spans` (`owner`);--> statement-breakpoint
CREATE TABLE `suppressed` (
	`hash` blob PRIMARY KEY NOT NULL,
	`at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `tombstones` (
	`hash` blob NOT NULL,
	`from_ts` integer NOT NULL,
	`from_message` text NOT NULL,
	`from_source` text NOT NULL,
	`to_ts` integer NOT NULL,
	`to_message` text NOT NULL,
	`to_source` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `tombstones_hash` ON `tombstones` (`hash`);--> statement-breakpoint
CREATE TABLE `trait_writes` (
	`lead` integer NOT NULL,
	`key` text NOT NULL,
	`ts` integer NOT NULL,
	`seq` integer NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`lead`, `key`, `ts`, `seq`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `write_keys` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`key` text NOT NULL,
	`source` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `write_keys_key_unique` ON `write_keys` (`key`);