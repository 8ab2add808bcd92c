-- Several places for archives. What is there lies in the built-in folder, whose id is 'default'.
ALTER TABLE "Backup" ADD COLUMN "storeId" TEXT NOT NULL DEFAULT 'default';
ALTER TABLE "Backup" ADD COLUMN "archiveId" TEXT;
ALTER TABLE "Backup" ADD COLUMN "storedProof" TEXT;
ALTER TABLE "Backup" ADD COLUMN "lockedUntil" TIMESTAMP(3);
ALTER TABLE "Backup" ADD COLUMN "missingAt" TIMESTAMP(3);
UPDATE "Backup" SET "archiveId" = "manifest"->>'id';
DROP INDEX "Backup_dir_key";
CREATE UNIQUE INDEX "Backup_storeId_dir_key" ON "Backup"("storeId", "dir");
CREATE INDEX "Backup_archiveId_idx" ON "Backup"("archiveId");

-- AlterTable
ALTER TABLE "Cluster" ADD COLUMN "storeId" TEXT NOT NULL DEFAULT 'default';

-- CreateTable
CREATE TABLE "Store" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "settings" JSON NOT NULL,
    "secret" BYTEA,
    "note" TEXT NOT NULL DEFAULT '',
    "revision" INTEGER NOT NULL DEFAULT 1,
    "testedAt" TIMESTAMP(3),
    "testReport" JSON,
    "usedBytes" BIGINT,
    "usedArchives" INTEGER,
    "countedAt" TIMESTAMP(3),
    "rescannedAt" TIMESTAMP(3),
    "rescanReport" JSON,
    "nextRunAt" TIMESTAMP(3),
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "createdById" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

-- CreateTable
CREATE TABLE "CopyRule" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "storeId" TEXT NOT NULL,
    "what" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "BackupCopy" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "backupId" TEXT NOT NULL,
    "storeId" TEXT NOT NULL,
    "dir" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "storedProof" TEXT,
    "archiveBytes" BIGINT NOT NULL DEFAULT 0,
    "copiedAt" TIMESTAMP(3),
    "verifiedAt" TIMESTAMP(3),
    "verifyOk" BOOLEAN,
    "verifyReport" JSON,
    "lockedUntil" TIMESTAMP(3),
    "error" JSON,
    "jobId" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    CONSTRAINT "BackupCopy_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "Backup" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "StoreUpload" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "storeId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "uploadId" TEXT NOT NULL,
    "partBytes" INTEGER NOT NULL,
    "bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "startedAt" TIMESTAMP(3) NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "Store_name_key" ON "Store"("name");

-- CreateIndex
CREATE UNIQUE INDEX "CopyRule_clusterId_storeId_key" ON "CopyRule"("clusterId", "storeId");

-- CreateIndex
CREATE INDEX "CopyRule_storeId_idx" ON "CopyRule"("storeId");

-- CreateIndex
CREATE UNIQUE INDEX "BackupCopy_backupId_storeId_key" ON "BackupCopy"("backupId", "storeId");

-- CreateIndex
CREATE UNIQUE INDEX "BackupCopy_storeId_dir_key" ON "BackupCopy"("storeId", "dir");

-- CreateIndex
CREATE UNIQUE INDEX "StoreUpload_storeId_key_key" ON "StoreUpload"("storeId", "key");
