-- CreateTable
CREATE TABLE "ClusterRole" (
    "userId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "role" TEXT NOT NULL,

    PRIMARY KEY ("userId", "clusterId"),
    CONSTRAINT "ClusterRole_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "ClusterRole_clusterId_idx" ON "ClusterRole"("clusterId");
