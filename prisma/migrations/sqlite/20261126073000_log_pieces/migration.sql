-- AlterTable
ALTER TABLE "LogKeeping" ADD COLUMN "removedThrough" BIGINT;

-- CreateTable
CREATE TABLE "LogPiece" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "storeId" TEXT NOT NULL,
    "dir" TEXT NOT NULL,
    "first" BIGINT NOT NULL,
    "last" BIGINT NOT NULL,
    "lastAt" DATETIME NOT NULL,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "sha256" TEXT NOT NULL DEFAULT '',
    "facts" JSONB NOT NULL,
    "indexBytes" INTEGER,
    "indexSha256" TEXT,
    "putAt" DATETIME NOT NULL,
    "verifiedAt" DATETIME,
    "verifyOk" BOOLEAN,
    "fault" TEXT,
    "mendAskedAt" DATETIME,
    "writer" TEXT,
    "writerUntil" DATETIME
);

-- CreateIndex
CREATE UNIQUE INDEX "LogPiece_clusterId_storeId_first_key" ON "LogPiece"("clusterId", "storeId", "first");

-- CreateIndex
CREATE INDEX "LogPiece_storeId_idx" ON "LogPiece"("storeId");

-- CreateIndex
CREATE INDEX "LogPiece_clusterId_verifyOk_idx" ON "LogPiece"("clusterId", "verifyOk");

-- CreateTable
CREATE TABLE "LogMirror" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "storeId" TEXT NOT NULL,
    "nextRunAt" DATETIME NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME,
    "lastRunAt" DATETIME,
    "lastOkAt" DATETIME,
    "lastZxid" BIGINT,
    "lastTxnAt" DATETIME,
    "missing" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateIndex
CREATE UNIQUE INDEX "LogMirror_clusterId_storeId_key" ON "LogMirror"("clusterId", "storeId");

-- CreateIndex
CREATE INDEX "LogMirror_nextRunAt_idx" ON "LogMirror"("nextRunAt");
