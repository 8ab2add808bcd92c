-- CreateTable
CREATE TABLE "Migration" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "sourceId" TEXT NOT NULL,
    "sourceName" TEXT NOT NULL,
    "targetId" TEXT NOT NULL,
    "targetName" TEXT NOT NULL,
    "sourcePath" TEXT NOT NULL,
    "targetPath" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "options" JSONB NOT NULL,
    "addresses" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'checking',
    "everySeconds" INTEGER NOT NULL,
    "reason" TEXT,
    "createdById" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL,
    "confirmedById" TEXT,
    "confirmedAt" DATETIME,
    "nextRunAt" DATETIME,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME,
    "waiting" TEXT,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "error" JSONB,
    "finalRounds" INTEGER,
    "proofJobId" TEXT,
    "proof" JSONB,
    "updatedAt" DATETIME NOT NULL,
    "finishedAt" DATETIME
);

-- CreateTable
CREATE TABLE "MigrationRound" (
    "migrationId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "restoreId" TEXT,
    "differences" INTEGER,
    "applied" INTEGER,
    "verified" BOOLEAN,
    "sourceZxid" BIGINT,
    "repeats" INTEGER NOT NULL DEFAULT 1,
    "startedAt" DATETIME NOT NULL,
    "finishedAt" DATETIME,

    PRIMARY KEY ("migrationId", "number"),
    CONSTRAINT "MigrationRound_migrationId_fkey" FOREIGN KEY ("migrationId") REFERENCES "Migration" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "Migration_nextRunAt_idx" ON "Migration"("nextRunAt");

-- CreateIndex
CREATE INDEX "Migration_targetId_idx" ON "Migration"("targetId");

-- CreateIndex
CREATE INDEX "Migration_sourceId_idx" ON "Migration"("sourceId");

-- CreateIndex
CREATE INDEX "Migration_createdAt_idx" ON "Migration"("createdAt");

-- CreateIndex
CREATE INDEX "MigrationRound_restoreId_idx" ON "MigrationRound"("restoreId");
