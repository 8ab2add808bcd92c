-- CreateTable
CREATE TABLE "HealthSample" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "server" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "tier" INTEGER NOT NULL,
    "ok" BOOLEAN NOT NULL,
    "fault" TEXT,
    "faultMessage" TEXT,
    "gap" TEXT,
    "source" TEXT,
    "role" TEXT,
    "version" TEXT,
    "serverId" INTEGER,
    "uptimeMs" BIGINT,
    "zxid" BIGINT,
    "latencyMin" INTEGER,
    "latencyAvg" DOUBLE PRECISION,
    "latencyMax" INTEGER,
    "readCount" BIGINT,
    "readMs" BIGINT,
    "updateCount" BIGINT,
    "updateMs" BIGINT,
    "outstanding" INTEGER,
    "connections" INTEGER,
    "znodes" INTEGER,
    "ephemerals" INTEGER,
    "watches" INTEGER,
    "dataBytes" BIGINT,
    "packetsReceived" BIGINT,
    "packetsSent" BIGINT,
    "openFiles" INTEGER,
    "openFilesMax" BIGINT,
    "quorumSize" INTEGER,
    "learners" INTEGER,
    "syncedFollowers" INTEGER,
    "syncedNonVoting" INTEGER,
    "syncedObservers" INTEGER,
    "proposalLastBytes" INTEGER,
    "proposalMaxBytes" INTEGER,
    "fsyncCount" BIGINT,
    "fsyncMs" BIGINT,
    "fsyncMaxMs" INTEGER,
    "digestMismatches" INTEGER,
    "sessionsExpired" BIGINT,
    "elections" INTEGER
);

-- CreateTable
CREATE TABLE "HealthWatch" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "everySeconds" INTEGER NOT NULL DEFAULT 60,
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "lastRunAt" TIMESTAMP(3),
    "lastMs" INTEGER,
    "error" TEXT,
    "settings" JSON,
    "settingsAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "HealthSample_clusterId_server_at_key" ON "HealthSample"("clusterId", "server", "at");

-- CreateIndex
CREATE INDEX "HealthSample_clusterId_at_idx" ON "HealthSample"("clusterId", "at");

-- CreateIndex
CREATE INDEX "HealthSample_tier_at_idx" ON "HealthSample"("tier", "at");

-- CreateIndex
CREATE INDEX "HealthWatch_enabled_nextRunAt_idx" ON "HealthWatch"("enabled", "nextRunAt");
