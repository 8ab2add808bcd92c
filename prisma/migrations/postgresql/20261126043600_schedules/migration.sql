-- AlterTable
ALTER TABLE "Backup" ADD COLUMN "scheduleId" TEXT;
ALTER TABLE "Backup" ADD COLUMN "scheduleName" TEXT;
ALTER TABLE "Backup" ADD COLUMN "sourceFaults" JSON;

-- AlterTable
ALTER TABLE "Job" ADD COLUMN "holds" TEXT;

-- CreateTable
CREATE TABLE "Schedule" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "cron" TEXT NOT NULL,
    "timeZone" TEXT NOT NULL,
    "scopePaths" JSON NOT NULL,
    "sources" JSON NOT NULL,
    "jitterSeconds" INTEGER NOT NULL DEFAULT 0,
    "overlap" TEXT NOT NULL DEFAULT 'wait',
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "pausedUntil" TIMESTAMP(3),
    "note" TEXT NOT NULL DEFAULT '',
    "nextDueAt" TIMESTAMP(3) NOT NULL,
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseToken" INTEGER NOT NULL DEFAULT 0,
    "leaseUntil" TIMESTAMP(3),
    "createdById" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Schedule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ScheduleRun" (
    "id" TEXT NOT NULL,
    "scheduleId" TEXT NOT NULL,
    "scheduleName" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "dueAt" TIMESTAMP(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "missedCount" INTEGER NOT NULL DEFAULT 0,
    "missedFrom" TIMESTAMP(3),
    "missedTo" TIMESTAMP(3),
    "jobId" TEXT,
    "backupId" TEXT,
    "source" TEXT,
    "sourceFaults" JSON,
    "error" JSON,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "startedAt" TIMESTAMP(3),
    "finishedAt" TIMESTAMP(3),

    CONSTRAINT "ScheduleRun_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Backup_scheduleId_takenAt_idx" ON "Backup"("scheduleId", "takenAt");

-- CreateIndex
CREATE UNIQUE INDEX "Job_holds_key" ON "Job"("holds");

-- CreateIndex
CREATE UNIQUE INDEX "Schedule_clusterId_name_key" ON "Schedule"("clusterId", "name");

-- CreateIndex
CREATE INDEX "Schedule_enabled_nextRunAt_idx" ON "Schedule"("enabled", "nextRunAt");

-- CreateIndex
CREATE UNIQUE INDEX "ScheduleRun_backupId_key" ON "ScheduleRun"("backupId");

-- CreateIndex
CREATE UNIQUE INDEX "ScheduleRun_scheduleId_dueAt_key" ON "ScheduleRun"("scheduleId", "dueAt");

-- CreateIndex
CREATE INDEX "ScheduleRun_clusterId_createdAt_idx" ON "ScheduleRun"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "ScheduleRun_state_idx" ON "ScheduleRun"("state");
