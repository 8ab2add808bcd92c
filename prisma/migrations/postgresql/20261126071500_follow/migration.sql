-- CreateTable
CREATE TABLE "ClusterFollow" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "enabled" BOOLEAN NOT NULL,
    "quorumServers" TEXT NOT NULL,
    "tlsMode" TEXT NOT NULL DEFAULT 'off',
    "tlsCa" TEXT,
    "tlsCert" TEXT,
    "tlsKey" BYTEA,
    "tlsCheckName" BOOLEAN NOT NULL DEFAULT true,
    "baseHours" INTEGER NOT NULL DEFAULT 24,
    "lagMsMax" INTEGER NOT NULL DEFAULT 60000,
    "enabledById" TEXT,
    "enabledByName" TEXT,
    "enabledAt" TIMESTAMP(3),
    "revision" INTEGER NOT NULL DEFAULT 1,
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "fence" INTEGER NOT NULL DEFAULT 0,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "stateSince" TIMESTAMP(3),
    "peer" TEXT,
    "connectedAt" TIMESTAMP(3),
    "lastZxid" BIGINT,
    "lastTxnAt" TIMESTAMP(3),
    "heardAt" TIMESTAMP(3),
    "lagMs" INTEGER,
    "rate" DOUBLE PRECISION,
    "transactions" BIGINT NOT NULL DEFAULT 0,
    "digestState" TEXT NOT NULL DEFAULT 'unknown',
    "digestZxid" BIGINT,
    "digestAt" TIMESTAMP(3),
    "digestCompared" BIGINT NOT NULL DEFAULT 0,
    "digestParted" BIGINT NOT NULL DEFAULT 0,
    "baseZxid" BIGINT,
    "baseAt" TIMESTAMP(3),
    "error" JSON,
    "testedAt" TIMESTAMP(3),
    "testReport" JSON,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

-- CreateTable
CREATE TABLE "FollowGap" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "fromZxid" BIGINT NOT NULL,
    "toZxid" BIGINT NOT NULL,
    "fromAt" TIMESTAMP(3),
    "toAt" TIMESTAMP(3) NOT NULL,
    "why" TEXT NOT NULL,
    "closedAt" TIMESTAMP(3)
);

-- CreateTable
CREATE TABLE "FollowChunk" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "fromZxid" BIGINT NOT NULL,
    "toZxid" BIGINT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "transactions" INTEGER NOT NULL,
    "bytes" INTEGER NOT NULL,
    "summaries" JSON NOT NULL
);

-- CreateTable
CREATE TABLE "WatchedPath" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "createdById" TEXT,
    "createdByName" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL
);

-- CreateTable
CREATE TABLE "PathHit" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "watchedPathId" TEXT NOT NULL,
    "zxid" BIGINT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "type" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "paths" INTEGER NOT NULL DEFAULT 1,
    "sessionId" BIGINT NOT NULL,
    CONSTRAINT "PathHit_watchedPathId_fkey" FOREIGN KEY ("watchedPathId") REFERENCES "WatchedPath" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "FollowDrift" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "backupId" TEXT NOT NULL,
    "path" TEXT NOT NULL DEFAULT '/',
    "state" TEXT NOT NULL,
    "zxid" BIGINT,
    "at" TIMESTAMP(3),
    "added" INTEGER,
    "removed" INTEGER,
    "changed" INTEGER,
    "paths" JSON,
    "isCut" BOOLEAN NOT NULL DEFAULT false,
    "error" JSON,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "createdById" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

-- CreateIndex
CREATE INDEX "ClusterFollow_enabled_nextRunAt_idx" ON "ClusterFollow"("enabled", "nextRunAt");

-- CreateIndex
CREATE INDEX "FollowGap_clusterId_toZxid_idx" ON "FollowGap"("clusterId", "toZxid");

-- CreateIndex
CREATE UNIQUE INDEX "FollowGap_clusterId_fromZxid_key" ON "FollowGap"("clusterId", "fromZxid");

-- CreateIndex
CREATE INDEX "FollowChunk_clusterId_toZxid_idx" ON "FollowChunk"("clusterId", "toZxid");

-- CreateIndex
CREATE INDEX "FollowChunk_clusterId_at_idx" ON "FollowChunk"("clusterId", "at");

-- CreateIndex
CREATE UNIQUE INDEX "FollowChunk_clusterId_fromZxid_key" ON "FollowChunk"("clusterId", "fromZxid");

-- CreateIndex
CREATE UNIQUE INDEX "WatchedPath_clusterId_path_key" ON "WatchedPath"("clusterId", "path");

-- CreateIndex
CREATE INDEX "PathHit_watchedPathId_at_idx" ON "PathHit"("watchedPathId", "at");

-- CreateIndex
CREATE UNIQUE INDEX "PathHit_watchedPathId_zxid_key" ON "PathHit"("watchedPathId", "zxid");

-- CreateIndex
CREATE INDEX "FollowDrift_nextRunAt_idx" ON "FollowDrift"("nextRunAt");


