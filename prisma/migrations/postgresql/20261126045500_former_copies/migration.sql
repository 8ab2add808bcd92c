-- Copies of what was encrypted anew, which still need the former keys.
CREATE TABLE "FormerCopy" (
    "id" TEXT NOT NULL,
    "backupId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "storeId" TEXT NOT NULL,
    "dir" TEXT NOT NULL,
    "recipients" JSON,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "FormerCopy_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "FormerCopy_clusterId_idx" ON "FormerCopy"("clusterId");
