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
    "lastAt" TIMESTAMP(3) NOT NULL,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "sha256" TEXT NOT NULL DEFAULT '',
    "facts" JSON NOT NULL,
    "indexBytes" INTEGER,
    "indexSha256" TEXT,
    "putAt" TIMESTAMP(3) NOT NULL,
    "verifiedAt" TIMESTAMP(3),
    "verifyOk" BOOLEAN,
    "fault" TEXT,
    "mendAskedAt" TIMESTAMP(3),
    "writer" TEXT,
    "writerUntil" TIMESTAMP(3)
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
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "lastRunAt" TIMESTAMP(3),
    "lastOkAt" TIMESTAMP(3),
    "lastZxid" BIGINT,
    "lastTxnAt" TIMESTAMP(3),
    "missing" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateIndex
CREATE UNIQUE INDEX "LogMirror_clusterId_storeId_key" ON "LogMirror"("clusterId", "storeId");

-- CreateIndex
CREATE INDEX "LogMirror_nextRunAt_idx" ON "LogMirror"("nextRunAt");
