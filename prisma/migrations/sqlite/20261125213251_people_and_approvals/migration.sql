-- AlterTable
ALTER TABLE "Cluster" ADD COLUMN "approvalMinutes" INTEGER;

-- AlterTable
ALTER TABLE "user" ADD COLUMN "deactivatedAt" DATETIME;

-- CreateTable
CREATE TABLE "Invitation" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "tokenHash" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "createdById" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL,
    "expiresAt" DATETIME NOT NULL,
    "acceptedAt" DATETIME,
    "userId" TEXT,
    "revokedAt" DATETIME
);

-- CreateTable
CREATE TABLE "Approval" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "subjectKind" TEXT NOT NULL,
    "subjectId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "planHash" TEXT NOT NULL,
    "purpose" TEXT NOT NULL DEFAULT 'run',
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "requestedById" TEXT NOT NULL,
    "requestedAt" DATETIME NOT NULL,
    "reason" TEXT NOT NULL,
    "decidedById" TEXT,
    "decidedAt" DATETIME,
    "note" TEXT NOT NULL DEFAULT '',
    "expiresAt" DATETIME,
    "usedAt" DATETIME,
    "endedBecause" TEXT
);

-- CreateIndex
CREATE UNIQUE INDEX "Invitation_tokenHash_key" ON "Invitation"("tokenHash");

-- CreateIndex
CREATE INDEX "Invitation_createdAt_idx" ON "Invitation"("createdAt");

-- CreateIndex
CREATE INDEX "Approval_subjectKind_subjectId_requestedAt_idx" ON "Approval"("subjectKind", "subjectId", "requestedAt");

-- CreateIndex
CREATE INDEX "Approval_state_idx" ON "Approval"("state");
