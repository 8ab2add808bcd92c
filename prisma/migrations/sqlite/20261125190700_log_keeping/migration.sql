-- CreateTable
CREATE TABLE "LogKeeping" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "enabled" BOOLEAN NOT NULL,
    "everySeconds" INTEGER NOT NULL,
    "nextRunAt" DATETIME NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME,
    "lastRunAt" DATETIME,
    "lastOkAt" DATETIME,
    "lastZxid" BIGINT,
    "error" TEXT,
    "coverage" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "LogKeeping_enabled_nextRunAt_idx" ON "LogKeeping"("enabled", "nextRunAt");
