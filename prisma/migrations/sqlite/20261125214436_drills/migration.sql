-- AlterTable
ALTER TABLE "Backup" ADD COLUMN "drillOk" BOOLEAN;
ALTER TABLE "Backup" ADD COLUMN "drillReport" JSONB;
ALTER TABLE "Backup" ADD COLUMN "drilledAt" DATETIME;
ALTER TABLE "Backup" ADD COLUMN "provedAt" DATETIME;

-- CreateTable
CREATE TABLE "DrillSchedule" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "enabled" BOOLEAN NOT NULL,
    "everyHours" INTEGER NOT NULL,
    "limitMinutes" INTEGER NOT NULL,
    "nextRunAt" DATETIME NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME,
    "lastRunAt" DATETIME,
    "lastOutcome" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "DrillSchedule_enabled_nextRunAt_idx" ON "DrillSchedule"("enabled", "nextRunAt");
