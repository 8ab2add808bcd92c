-- CreateTable
CREATE TABLE "CertificateWatch" (
    "clusterId" TEXT NOT NULL PRIMARY KEY,
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "lastRunAt" TIMESTAMP(3),
    "shown" JSON
);
