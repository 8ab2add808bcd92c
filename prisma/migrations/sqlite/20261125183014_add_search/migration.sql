-- CreateTable
CREATE TABLE "Search" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT,
    "tree" TEXT NOT NULL,
    "treeLabel" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "pathPattern" TEXT NOT NULL DEFAULT '',
    "valueForm" TEXT NOT NULL DEFAULT 'none',
    "valueSealed" BLOB,
    "valueLength" INTEGER NOT NULL DEFAULT 0,
    "options" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "summary" JSONB,
    "dir" TEXT NOT NULL,
    "file" TEXT,
    "createdById" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" DATETIME,
    "jobId" TEXT
);

-- CreateIndex
CREATE INDEX "Search_clusterId_createdAt_idx" ON "Search"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "Search_createdAt_idx" ON "Search"("createdAt");
