-- CreateTable
CREATE TABLE "RereadSchedule" (
    "clusterId" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "everyDays" INTEGER NOT NULL DEFAULT 30,
    "bytesPerDayMax" BIGINT,
    "fromHour" INTEGER NOT NULL DEFAULT 0,
    "toHour" INTEGER NOT NULL DEFAULT 0,
    "timeZone" TEXT NOT NULL DEFAULT 'UTC',
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "dayStartedAt" TIMESTAMP(3) NOT NULL,
    "dayBytes" BIGINT NOT NULL DEFAULT 0,
    "lastRunAt" TIMESTAMP(3),
    "lastOutcome" TEXT,

    CONSTRAINT "RereadSchedule_pkey" PRIMARY KEY ("clusterId")
);

-- CreateIndex
CREATE INDEX "RereadSchedule_enabled_nextRunAt_idx" ON "RereadSchedule"("enabled", "nextRunAt");
