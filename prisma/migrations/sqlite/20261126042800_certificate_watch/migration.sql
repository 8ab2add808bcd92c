-- CreateTable
CREATE TABLE "CertificateWatch" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "nextRunAt" DATETIME NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" DATETIME,
    "lastRunAt" DATETIME,
    "shown" JSONB
);
