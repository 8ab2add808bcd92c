-- AlterTable
ALTER TABLE "LogKeeping" ADD COLUMN "removedAt" DATETIME;

-- CreateTable
CREATE TABLE "LogBase" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "storeId" TEXT NOT NULL,
    "zxid" BIGINT NOT NULL,
    "dir" TEXT NOT NULL,
    "takenAt" DATETIME NOT NULL,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "sha256" TEXT NOT NULL DEFAULT '',
    "manifest" JSONB NOT NULL,
    "putAt" DATETIME NOT NULL,
    "verifiedAt" DATETIME,
    "verifyOk" BOOLEAN,
    "fault" TEXT,
    "mendAskedAt" DATETIME,
    "formerDir" TEXT,
    "writer" TEXT,
    "writerUntil" DATETIME
);

-- CreateIndex
CREATE UNIQUE INDEX "LogBase_clusterId_storeId_zxid_key" ON "LogBase"("clusterId", "storeId", "zxid");

-- CreateIndex
CREATE INDEX "LogBase_storeId_idx" ON "LogBase"("storeId");

-- CreateIndex
CREATE INDEX "LogBase_clusterId_verifyOk_idx" ON "LogBase"("clusterId", "verifyOk");
