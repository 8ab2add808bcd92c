-- AlterTable
ALTER TABLE "AuditEntry" ADD COLUMN "hash" TEXT;
ALTER TABLE "AuditEntry" ADD COLUMN "hashVersion" INTEGER;
ALTER TABLE "AuditEntry" ADD COLUMN "previousHash" TEXT;
ALTER TABLE "AuditEntry" ADD COLUMN "sequence" INTEGER;

-- CreateTable
CREATE TABLE "AuditHead" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "sequence" INTEGER NOT NULL,
    "hash" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "AuditCheckpoint" (
    "sequence" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "hash" TEXT NOT NULL,
    "at" DATETIME NOT NULL,
    "keyId" TEXT NOT NULL,
    "signature" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "AuditPrune" (
    "throughSequence" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "throughId" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "entries" INTEGER NOT NULL,
    "at" DATETIME NOT NULL,
    "keyId" TEXT NOT NULL,
    "signature" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "AuditWatch" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "requestedAt" DATETIME,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME,
    "nextRunAt" DATETIME NOT NULL,
    "verifiedSequence" INTEGER NOT NULL DEFAULT 0,
    "verifiedHash" TEXT NOT NULL DEFAULT '',
    "verifiedAt" DATETIME,
    "wholeAt" DATETIME,
    "readingEntries" INTEGER,
    "problems" JSONB,
    "problemCount" INTEGER NOT NULL DEFAULT 0
);

-- CreateTable
CREATE TABLE "AuditForward" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "enabled" BOOLEAN NOT NULL DEFAULT false,
    "url" TEXT NOT NULL,
    "ca" TEXT,
    "secret" BLOB,
    "allowLocal" BOOLEAN NOT NULL DEFAULT false,
    "cursor" INTEGER NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "lastError" TEXT,
    "lastErrorAt" DATETIME,
    "lastOkAt" DATETIME,
    "nextRunAt" DATETIME NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME
);

-- CreateIndex
CREATE UNIQUE INDEX "AuditEntry_sequence_key" ON "AuditEntry"("sequence");

-- The end of an empty chain.
INSERT INTO "AuditHead" ("id", "sequence", "hash")
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- A second line behind the chain: entries are written once, and leave only under a signed record of their removal.
-- A later migration that rebuilds one of these tables drops its triggers and has to make them again.
CREATE TRIGGER "AuditEntry_no_update" BEFORE UPDATE ON "AuditEntry"
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER "AuditEntry_no_delete" BEFORE DELETE ON "AuditEntry"
WHEN NOT EXISTS (SELECT 1 FROM "AuditPrune" WHERE "throughId" >= OLD."id")
BEGIN SELECT RAISE(ABORT, 'audit entries are removed by retention only'); END;
CREATE TRIGGER "AuditHead_no_delete" BEFORE DELETE ON "AuditHead"
BEGIN SELECT RAISE(ABORT, 'the end of the audit is never removed'); END;
CREATE TRIGGER "AuditHead_no_way_back" BEFORE UPDATE ON "AuditHead"
WHEN NEW."sequence" < OLD."sequence" OR NEW."id" <> OLD."id"
BEGIN SELECT RAISE(ABORT, 'the end of the audit never goes back'); END;
CREATE TRIGGER "AuditCheckpoint_no_update" BEFORE UPDATE ON "AuditCheckpoint"
BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
CREATE TRIGGER "AuditCheckpoint_no_delete" BEFORE DELETE ON "AuditCheckpoint"
BEGIN SELECT RAISE(ABORT, 'checkpoints are never removed'); END;
CREATE TRIGGER "AuditPrune_no_update" BEFORE UPDATE ON "AuditPrune"
BEGIN SELECT RAISE(ABORT, 'records of removals are never changed'); END;
CREATE TRIGGER "AuditPrune_no_delete" BEFORE DELETE ON "AuditPrune"
BEGIN SELECT RAISE(ABORT, 'records of removals are never removed'); END;
