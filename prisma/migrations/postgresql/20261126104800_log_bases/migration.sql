-- AlterTable
ALTER TABLE "LogKeeping" ADD COLUMN "removedAt" TIMESTAMP(3);

-- CreateTable
CREATE TABLE "LogBase" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "storeId" TEXT NOT NULL,
    "zxid" BIGINT NOT NULL,
    "dir" TEXT NOT NULL,
    "takenAt" TIMESTAMP(3) NOT NULL,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "sha256" TEXT NOT NULL DEFAULT '',
    "manifest" JSON NOT NULL,
    "putAt" TIMESTAMP(3) NOT NULL,
    "verifiedAt" TIMESTAMP(3),
    "verifyOk" BOOLEAN,
    "fault" TEXT,
    "mendAskedAt" TIMESTAMP(3),
    "formerDir" TEXT,
    "writer" TEXT,
    "writerUntil" TIMESTAMP(3)
);

-- CreateIndex
CREATE UNIQUE INDEX "LogBase_clusterId_storeId_zxid_key" ON "LogBase"("clusterId", "storeId", "zxid");

-- CreateIndex
CREATE INDEX "LogBase_storeId_idx" ON "LogBase"("storeId");

-- CreateIndex
CREATE INDEX "LogBase_clusterId_verifyOk_idx" ON "LogBase"("clusterId", "verifyOk");
