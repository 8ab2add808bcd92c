-- AlterTable
ALTER TABLE "Backup" ADD COLUMN "keepRevision" INTEGER;
ALTER TABLE "Backup" ADD COLUMN "removeAfter" DATETIME;
ALTER TABLE "Backup" ADD COLUMN "removeError" JSONB;
ALTER TABLE "Backup" ADD COLUMN "removePending" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "Backup" ADD COLUMN "removeReason" TEXT;

-- CreateTable
CREATE TABLE "BackupHold" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "backupId" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "placedById" TEXT,
    "placedByName" TEXT NOT NULL,
    "placedAt" DATETIME NOT NULL,
    "until" DATETIME,
    "liftedAt" DATETIME,
    "liftedById" TEXT,
    "liftedByName" TEXT,
    "liftReason" TEXT,
    CONSTRAINT "BackupHold_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "Backup" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "KeepPolicy" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "enabled" BOOLEAN NOT NULL,
    "rules" JSONB NOT NULL,
    "revision" INTEGER NOT NULL,
    "updatedById" TEXT,
    "updatedAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "KeepRun" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "nextRunAt" DATETIME NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME,
    "lastRunAt" DATETIME,
    "lastOutcome" TEXT,
    "lastReport" JSONB,
    "confirmedGood" INTEGER NOT NULL DEFAULT 0
);

-- CreateIndex
CREATE INDEX "BackupHold_backupId_idx" ON "BackupHold"("backupId");

-- CreateIndex
CREATE INDEX "KeepRun_nextRunAt_idx" ON "KeepRun"("nextRunAt");

-- CreateIndex
CREATE INDEX "Backup_removeAfter_idx" ON "Backup"("removeAfter");

-- CreateIndex
CREATE INDEX "Backup_removePending_idx" ON "Backup"("removePending");
