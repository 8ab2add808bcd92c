-- CreateTable
CREATE TABLE "RereadSchedule" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "everyDays" INTEGER NOT NULL DEFAULT 30,
    "bytesPerDayMax" BIGINT,
    "fromHour" INTEGER NOT NULL DEFAULT 0,
    "toHour" INTEGER NOT NULL DEFAULT 0,
    "timeZone" TEXT NOT NULL DEFAULT 'UTC',
    "nextRunAt" DATETIME NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME,
    "dayStartedAt" DATETIME NOT NULL,
    "dayBytes" BIGINT NOT NULL DEFAULT 0,
    "lastRunAt" DATETIME,
    "lastOutcome" TEXT
);

-- CreateIndex
CREATE INDEX "RereadSchedule_enabled_nextRunAt_idx" ON "RereadSchedule"("enabled", "nextRunAt");
