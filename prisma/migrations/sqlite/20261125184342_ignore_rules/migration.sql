-- AlterTable
ALTER TABLE "Diff" ADD COLUMN "ignoreRules" JSONB;

-- CreateTable
CREATE TABLE "IgnoreRule" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "pattern" TEXT NOT NULL,
    "fields" JSONB NOT NULL,
    "note" TEXT NOT NULL,
    "createdById" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "IgnoreRule_clusterId_createdAt_idx" ON "IgnoreRule"("clusterId", "createdAt");
