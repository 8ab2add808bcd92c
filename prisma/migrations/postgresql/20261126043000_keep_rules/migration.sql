-- AlterTable
ALTER TABLE "Backup" ADD COLUMN "keepRevision" INTEGER;
ALTER TABLE "Backup" ADD COLUMN "removeAfter" TIMESTAMP(3);
ALTER TABLE "Backup" ADD COLUMN "removeError" JSON;
ALTER TABLE "Backup" ADD COLUMN "removePending" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "Backup" ADD COLUMN "removeReason" TEXT;

-- CreateTable
CREATE TABLE "BackupHold" (
    "id" TEXT NOT NULL,
    "backupId" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "placedById" TEXT,
    "placedByName" TEXT NOT NULL,
    "placedAt" TIMESTAMP(3) NOT NULL,
    "until" TIMESTAMP(3),
    "liftedAt" TIMESTAMP(3),
    "liftedById" TEXT,
    "liftedByName" TEXT,
    "liftReason" TEXT,

    CONSTRAINT "BackupHold_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "KeepPolicy" (
    "id" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "rules" JSON NOT NULL,
    "revision" INTEGER NOT NULL,
    "updatedById" TEXT,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "KeepPolicy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "KeepRun" (
    "clusterId" TEXT NOT NULL,
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "lastRunAt" TIMESTAMP(3),
    "lastOutcome" TEXT,
    "lastReport" JSON,
    "confirmedGood" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "KeepRun_pkey" PRIMARY KEY ("clusterId")
);

-- CreateIndex
CREATE INDEX "BackupHold_backupId_idx" ON "BackupHold"("backupId");

-- CreateIndex
CREATE INDEX "KeepRun_nextRunAt_idx" ON "KeepRun"("nextRunAt");

-- CreateIndex
CREATE INDEX "Backup_removeAfter_idx" ON "Backup"("removeAfter");

-- CreateIndex
CREATE INDEX "Backup_removePending_idx" ON "Backup"("removePending");

-- AddForeignKey
ALTER TABLE "BackupHold" ADD CONSTRAINT "BackupHold_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "Backup"("id") ON DELETE CASCADE ON UPDATE CASCADE;
