CREATE TABLE `counting_evidence` (
	`identifier` integer NOT NULL,
	`ts` integer NOT NULL,
	`seq` integer NOT NULL,
	`lead` integer NOT NULL,
	`kind` integer NOT NULL,
	PRIMARY KEY(`identifier`, `ts`, `seq`)
) WITHOUT ROWID;
