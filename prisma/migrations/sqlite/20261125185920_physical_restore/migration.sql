-- CreateTable
CREATE TABLE "PhysicalRestore" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "backupId" TEXT NOT NULL,
    "sourceLabel" TEXT NOT NULL,
    "way" TEXT NOT NULL,
    "options" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'checking',
    "plan" JSONB,
    "planHash" TEXT,
    "reason" TEXT,
    "confirmedById" TEXT,
    "confirmedAt" DATETIME,
    "dir" TEXT NOT NULL,
    "report" JSONB,
    "createdById" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL,
    "finishedAt" DATETIME,
    "jobId" TEXT
);

-- CreateTable
CREATE TABLE "PhysicalTick" (
    "physicalId" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "at" DATETIME NOT NULL,
    "actorId" TEXT NOT NULL,
    "actorName" TEXT NOT NULL,

    PRIMARY KEY ("physicalId", "step"),
    CONSTRAINT "PhysicalTick_physicalId_fkey" FOREIGN KEY ("physicalId") REFERENCES "PhysicalRestore" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "PhysicalRestore_clusterId_createdAt_idx" ON "PhysicalRestore"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "PhysicalRestore_createdAt_idx" ON "PhysicalRestore"("createdAt");
