CREATE TABLE `idempotent_requests` (
	`hash` text PRIMARY KEY NOT NULL,
	`request` text NOT NULL,
	`at` integer NOT NULL,
	`status` integer,
	`body` text
);
--> statement-breakpoint
CREATE INDEX `idempotent_requests_at` ON `idempotent_requests` (`at`);