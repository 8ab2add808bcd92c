-- CreateTable
CREATE TABLE "ValueRule" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT,
    "pattern" TEXT NOT NULL,
    "ignoreCase" BOOLEAN NOT NULL,
    "effect" TEXT NOT NULL,
    "leastRole" TEXT NOT NULL,
    "recordsReads" BOOLEAN NOT NULL,
    "note" TEXT NOT NULL,
    "createdById" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "ValueRule_clusterId_idx" ON "ValueRule"("clusterId");
