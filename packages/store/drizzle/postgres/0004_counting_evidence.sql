CREATE TABLE "counting_evidence" (
	"identifier" bigint NOT NULL,
	"ts" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"lead" bigint NOT NULL,
	"kind" integer NOT NULL,
	CONSTRAINT "counting_evidence_identifier_ts_seq_pk" PRIMARY KEY("identifier","ts","seq")
);
