-- All that the migrations for SQLite had made when PostgreSQL came: prisma/migrations/sqlite up to 20261126011000_audit_chain.
-- CreateTable
CREATE TABLE "user" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "emailVerified" BOOLEAN NOT NULL DEFAULT false,
    "image" TEXT,
    "role" TEXT NOT NULL DEFAULT 'admin',
    "deactivatedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "ipAddress" TEXT,
    "userAgent" TEXT,
    "signedInWith" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" TEXT NOT NULL,
    "accountId" TEXT NOT NULL,
    "providerId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "accessToken" TEXT,
    "refreshToken" TEXT,
    "idToken" TEXT,
    "accessTokenExpiresAt" TIMESTAMP(3),
    "refreshTokenExpiresAt" TIMESTAMP(3),
    "scope" TEXT,
    "password" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Invitation" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "acceptedAt" TIMESTAMP(3),
    "userId" TEXT,
    "revokedAt" TIMESTAMP(3),

    CONSTRAINT "Invitation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ClusterRole" (
    "userId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "role" TEXT NOT NULL,

    CONSTRAINT "ClusterRole_pkey" PRIMARY KEY ("userId","clusterId")
);

-- CreateTable
CREATE TABLE "verification" (
    "id" TEXT NOT NULL,
    "identifier" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "verification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rateLimit" (
    "id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "lastRequest" BIGINT NOT NULL,

    CONSTRAINT "rateLimit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SignInThrottle" (
    "key" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "refused" INTEGER NOT NULL DEFAULT 0,
    "firstAt" TIMESTAMP(3) NOT NULL,
    "lastAt" TIMESTAMP(3) NOT NULL,
    "closedUntil" TIMESTAMP(3),

    CONSTRAINT "SignInThrottle_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "Cluster" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "connectString" TEXT NOT NULL,
    "authScheme" TEXT,
    "authSecret" BYTEA,
    "sessionTimeoutMs" INTEGER NOT NULL,
    "requestBytesMax" INTEGER NOT NULL DEFAULT 1048575,
    "tlsOn" BOOLEAN NOT NULL DEFAULT false,
    "tlsCa" TEXT,
    "tlsCert" TEXT,
    "tlsKey" BYTEA,
    "tlsCheckName" BOOLEAN NOT NULL DEFAULT true,
    "adminUrls" TEXT NOT NULL DEFAULT '',
    "adminAuthScheme" TEXT,
    "adminAuthSecret" BYTEA,
    "adminTlsCa" TEXT,
    "adminTlsCert" TEXT,
    "adminTlsKey" BYTEA,
    "environment" TEXT NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "armedUntil" TIMESTAMP(3),
    "armedById" TEXT,
    "approvalMinutes" INTEGER,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    "removedAt" TIMESTAMP(3),

    CONSTRAINT "Cluster_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Backup" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "clusterName" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "zxid" BIGINT NOT NULL,
    "zxidFrom" BIGINT NOT NULL,
    "zxidTo" BIGINT NOT NULL,
    "consistency" TEXT NOT NULL,
    "proof" TEXT,
    "scopePaths" JSON NOT NULL,
    "znodes" INTEGER NOT NULL,
    "dataBytes" BIGINT NOT NULL,
    "archiveBytes" BIGINT NOT NULL,
    "dir" TEXT NOT NULL,
    "manifest" JSON NOT NULL,
    "takenAt" TIMESTAMP(3) NOT NULL,
    "durationMs" INTEGER NOT NULL,
    "pinned" BOOLEAN NOT NULL DEFAULT false,
    "note" TEXT NOT NULL DEFAULT '',
    "verifiedAt" TIMESTAMP(3),
    "verifyOk" BOOLEAN,
    "verifyReport" JSON,
    "drilledAt" TIMESTAMP(3),
    "drillOk" BOOLEAN,
    "drillReport" JSON,
    "provedAt" TIMESTAMP(3),
    "createdById" TEXT,
    "jobId" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMP(3),

    CONSTRAINT "Backup_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Job" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "clusterId" TEXT,
    "otherClusterId" TEXT,
    "subjectId" TEXT,
    "payload" JSON NOT NULL,
    "progress" JSON,
    "result" JSON,
    "error" JSON,
    "actorId" TEXT NOT NULL,
    "actorName" TEXT NOT NULL,
    "tokenId" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "attemptsMax" INTEGER NOT NULL,
    "leaseOwner" TEXT,
    "leaseToken" INTEGER NOT NULL DEFAULT 0,
    "leaseUntil" TIMESTAMP(3),
    "cancelRequestedAt" TIMESTAMP(3),
    "runAfter" TIMESTAMP(3) NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMP(3),
    "finishedAt" TIMESTAMP(3),

    CONSTRAINT "Job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "JobLog" (
    "id" SERIAL NOT NULL,
    "jobId" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "level" TEXT NOT NULL,
    "message" TEXT NOT NULL,

    CONSTRAINT "JobLog_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "IgnoreRule" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "pattern" TEXT NOT NULL,
    "fields" JSON NOT NULL,
    "note" TEXT NOT NULL,
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "IgnoreRule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Diff" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT,
    "otherClusterId" TEXT,
    "left" JSON NOT NULL,
    "right" JSON NOT NULL,
    "leftLabel" TEXT NOT NULL,
    "rightLabel" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "options" JSON NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "summary" JSON,
    "ignoreRules" JSON,
    "dir" TEXT NOT NULL,
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMP(3),
    "jobId" TEXT,

    CONSTRAINT "Diff_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Search" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT,
    "tree" TEXT NOT NULL,
    "treeLabel" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "pathPattern" TEXT NOT NULL DEFAULT '',
    "valueForm" TEXT NOT NULL DEFAULT 'none',
    "valueSealed" BYTEA,
    "valueLength" INTEGER NOT NULL DEFAULT 0,
    "options" JSON NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "summary" JSON,
    "dir" TEXT NOT NULL,
    "file" TEXT,
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMP(3),
    "jobId" TEXT,

    CONSTRAINT "Search_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Restore" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "otherClusterId" TEXT,
    "source" JSON NOT NULL,
    "sourceLabel" TEXT NOT NULL,
    "scope" JSON NOT NULL,
    "mode" TEXT NOT NULL,
    "onConflict" TEXT NOT NULL,
    "options" JSON,
    "state" TEXT NOT NULL DEFAULT 'planning',
    "planHash" TEXT,
    "planSummary" JSON,
    "reason" TEXT,
    "confirmedById" TEXT,
    "confirmedAt" TIMESTAMP(3),
    "dir" TEXT NOT NULL,
    "safetyBackupId" TEXT,
    "undoOfId" TEXT,
    "report" JSON,
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    "finishedAt" TIMESTAMP(3),
    "jobId" TEXT,
    "pausedAt" TIMESTAMP(3),
    "pauseRequestedAt" TIMESTAMP(3),

    CONSTRAINT "Restore_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PhysicalRestore" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "backupId" TEXT NOT NULL,
    "sourceLabel" TEXT NOT NULL,
    "way" TEXT NOT NULL,
    "options" JSON NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'checking',
    "plan" JSON,
    "planHash" TEXT,
    "reason" TEXT,
    "confirmedById" TEXT,
    "confirmedAt" TIMESTAMP(3),
    "dir" TEXT NOT NULL,
    "report" JSON,
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    "finishedAt" TIMESTAMP(3),
    "jobId" TEXT,

    CONSTRAINT "PhysicalRestore_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PhysicalTick" (
    "physicalId" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "actorId" TEXT NOT NULL,
    "actorName" TEXT NOT NULL,

    CONSTRAINT "PhysicalTick_pkey" PRIMARY KEY ("physicalId","step")
);

-- CreateTable
CREATE TABLE "Approval" (
    "id" TEXT NOT NULL,
    "subjectKind" TEXT NOT NULL,
    "subjectId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "planHash" TEXT NOT NULL,
    "purpose" TEXT NOT NULL DEFAULT 'run',
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "requestedById" TEXT NOT NULL,
    "requestedAt" TIMESTAMP(3) NOT NULL,
    "reason" TEXT NOT NULL,
    "decidedById" TEXT,
    "decidedAt" TIMESTAMP(3),
    "note" TEXT NOT NULL DEFAULT '',
    "expiresAt" TIMESTAMP(3),
    "usedAt" TIMESTAMP(3),
    "endedBecause" TEXT,

    CONSTRAINT "Approval_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Migration" (
    "id" TEXT NOT NULL,
    "sourceId" TEXT NOT NULL,
    "sourceName" TEXT NOT NULL,
    "targetId" TEXT NOT NULL,
    "targetName" TEXT NOT NULL,
    "sourcePath" TEXT NOT NULL,
    "targetPath" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "options" JSON NOT NULL,
    "addresses" JSON NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'checking',
    "everySeconds" INTEGER NOT NULL,
    "reason" TEXT,
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "confirmedById" TEXT,
    "confirmedAt" TIMESTAMP(3),
    "nextRunAt" TIMESTAMP(3),
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "waiting" TEXT,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "error" JSON,
    "finalRounds" INTEGER,
    "proofJobId" TEXT,
    "proof" JSON,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    "finishedAt" TIMESTAMP(3),

    CONSTRAINT "Migration_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "MigrationRound" (
    "migrationId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "restoreId" TEXT,
    "differences" INTEGER,
    "applied" INTEGER,
    "verified" BOOLEAN,
    "sourceZxid" BIGINT,
    "repeats" INTEGER NOT NULL DEFAULT 1,
    "startedAt" TIMESTAMP(3) NOT NULL,
    "finishedAt" TIMESTAMP(3),

    CONSTRAINT "MigrationRound_pkey" PRIMARY KEY ("migrationId","number")
);

-- CreateTable
CREATE TABLE "AuditEntry" (
    "id" SERIAL NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "actorId" TEXT,
    "actorName" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "clusterId" TEXT,
    "clusterName" TEXT,
    "otherClusterId" TEXT,
    "path" TEXT,
    "reason" TEXT,
    "before" JSON,
    "after" JSON,
    "outcome" TEXT NOT NULL,
    "message" TEXT,
    "ip" TEXT,
    "sequence" INTEGER,
    "previousHash" TEXT,
    "hash" TEXT,
    "hashVersion" INTEGER,

    CONSTRAINT "AuditEntry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditHead" (
    "id" INTEGER NOT NULL,
    "sequence" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "AuditHead_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditCheckpoint" (
    "sequence" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "keyId" TEXT NOT NULL,
    "signature" TEXT NOT NULL,

    CONSTRAINT "AuditCheckpoint_pkey" PRIMARY KEY ("sequence")
);

-- CreateTable
CREATE TABLE "AuditPrune" (
    "throughSequence" INTEGER NOT NULL,
    "throughId" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "entries" INTEGER NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "keyId" TEXT NOT NULL,
    "signature" TEXT NOT NULL,

    CONSTRAINT "AuditPrune_pkey" PRIMARY KEY ("throughSequence")
);

-- CreateTable
CREATE TABLE "AuditWatch" (
    "id" INTEGER NOT NULL,
    "requestedAt" TIMESTAMP(3),
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "verifiedSequence" INTEGER NOT NULL DEFAULT 0,
    "verifiedHash" TEXT NOT NULL DEFAULT '',
    "verifiedAt" TIMESTAMP(3),
    "wholeAt" TIMESTAMP(3),
    "readingEntries" INTEGER,
    "problems" JSON,
    "problemCount" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "AuditWatch_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditForward" (
    "id" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT false,
    "url" TEXT NOT NULL,
    "ca" TEXT,
    "secret" BYTEA,
    "allowLocal" BOOLEAN NOT NULL DEFAULT false,
    "cursor" INTEGER NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "lastError" TEXT,
    "lastErrorAt" TIMESTAMP(3),
    "lastOkAt" TIMESTAMP(3),
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),

    CONSTRAINT "AuditForward_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WorkerHeartbeat" (
    "id" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "startedAt" TIMESTAMP(3) NOT NULL,
    "seenAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "WorkerHeartbeat_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "LogKeeping" (
    "clusterId" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "everySeconds" INTEGER NOT NULL,
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "lastRunAt" TIMESTAMP(3),
    "lastOkAt" TIMESTAMP(3),
    "lastZxid" BIGINT,
    "error" TEXT,
    "coverage" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "LogKeeping_pkey" PRIMARY KEY ("clusterId")
);

-- CreateTable
CREATE TABLE "DrillSchedule" (
    "clusterId" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "everyHours" INTEGER NOT NULL,
    "limitMinutes" INTEGER NOT NULL,
    "nextRunAt" TIMESTAMP(3) NOT NULL,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMP(3),
    "lastRunAt" TIMESTAMP(3),
    "lastOutcome" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "DrillSchedule_pkey" PRIMARY KEY ("clusterId")
);

-- CreateTable
CREATE TABLE "ValueRule" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT,
    "pattern" TEXT NOT NULL,
    "ignoreCase" BOOLEAN NOT NULL,
    "effect" TEXT NOT NULL,
    "leastRole" TEXT NOT NULL,
    "recordsReads" BOOLEAN NOT NULL,
    "note" TEXT NOT NULL,
    "createdById" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "ValueRule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Setting" (
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "Setting_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "ApiToken" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "scopes" JSON NOT NULL,
    "clusterIds" JSON,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "lastUsedAt" TIMESTAMP(3),
    "lastUsedIp" TEXT,
    "revokedAt" TIMESTAMP(3),

    CONSTRAINT "ApiToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "IdempotentRequest" (
    "id" TEXT NOT NULL,
    "requestHash" TEXT NOT NULL,
    "status" INTEGER,
    "answer" JSON,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "IdempotentRequest_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_email_key" ON "user"("email");

-- CreateIndex
CREATE UNIQUE INDEX "session_token_key" ON "session"("token");

-- CreateIndex
CREATE INDEX "session_userId_idx" ON "session"("userId");

-- CreateIndex
CREATE INDEX "account_userId_idx" ON "account"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "Invitation_tokenHash_key" ON "Invitation"("tokenHash");

-- CreateIndex
CREATE INDEX "Invitation_createdAt_idx" ON "Invitation"("createdAt");

-- CreateIndex
CREATE INDEX "ClusterRole_clusterId_idx" ON "ClusterRole"("clusterId");

-- CreateIndex
CREATE INDEX "verification_identifier_idx" ON "verification"("identifier");

-- CreateIndex
CREATE UNIQUE INDEX "rateLimit_key_key" ON "rateLimit"("key");

-- CreateIndex
CREATE INDEX "SignInThrottle_lastAt_idx" ON "SignInThrottle"("lastAt");

-- CreateIndex
CREATE UNIQUE INDEX "Cluster_name_key" ON "Cluster"("name");

-- CreateIndex
CREATE UNIQUE INDEX "Backup_dir_key" ON "Backup"("dir");

-- CreateIndex
CREATE INDEX "Backup_clusterId_takenAt_idx" ON "Backup"("clusterId", "takenAt");

-- CreateIndex
CREATE INDEX "Backup_takenAt_idx" ON "Backup"("takenAt");

-- CreateIndex
CREATE INDEX "Job_state_runAfter_idx" ON "Job"("state", "runAfter");

-- CreateIndex
CREATE INDEX "Job_clusterId_createdAt_idx" ON "Job"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "Job_subjectId_idx" ON "Job"("subjectId");

-- CreateIndex
CREATE INDEX "Job_createdAt_idx" ON "Job"("createdAt");

-- CreateIndex
CREATE INDEX "JobLog_jobId_id_idx" ON "JobLog"("jobId", "id");

-- CreateIndex
CREATE INDEX "IgnoreRule_clusterId_createdAt_idx" ON "IgnoreRule"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "Diff_clusterId_createdAt_idx" ON "Diff"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "Diff_createdAt_idx" ON "Diff"("createdAt");

-- CreateIndex
CREATE INDEX "Search_clusterId_createdAt_idx" ON "Search"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "Search_createdAt_idx" ON "Search"("createdAt");

-- CreateIndex
CREATE INDEX "Restore_clusterId_createdAt_idx" ON "Restore"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "Restore_createdAt_idx" ON "Restore"("createdAt");

-- CreateIndex
CREATE INDEX "Restore_undoOfId_idx" ON "Restore"("undoOfId");

-- CreateIndex
CREATE INDEX "PhysicalRestore_clusterId_createdAt_idx" ON "PhysicalRestore"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "PhysicalRestore_createdAt_idx" ON "PhysicalRestore"("createdAt");

-- CreateIndex
CREATE INDEX "Approval_subjectKind_subjectId_requestedAt_idx" ON "Approval"("subjectKind", "subjectId", "requestedAt");

-- CreateIndex
CREATE INDEX "Approval_state_idx" ON "Approval"("state");

-- CreateIndex
CREATE INDEX "Migration_nextRunAt_idx" ON "Migration"("nextRunAt");

-- CreateIndex
CREATE INDEX "Migration_targetId_idx" ON "Migration"("targetId");

-- CreateIndex
CREATE INDEX "Migration_sourceId_idx" ON "Migration"("sourceId");

-- CreateIndex
CREATE INDEX "Migration_createdAt_idx" ON "Migration"("createdAt");

-- CreateIndex
CREATE INDEX "MigrationRound_restoreId_idx" ON "MigrationRound"("restoreId");

-- CreateIndex
CREATE UNIQUE INDEX "AuditEntry_sequence_key" ON "AuditEntry"("sequence");

-- CreateIndex
CREATE INDEX "AuditEntry_at_idx" ON "AuditEntry"("at");

-- CreateIndex
CREATE INDEX "AuditEntry_clusterId_at_idx" ON "AuditEntry"("clusterId", "at");

-- CreateIndex
CREATE INDEX "AuditEntry_actorId_at_idx" ON "AuditEntry"("actorId", "at");

-- CreateIndex
CREATE INDEX "AuditEntry_action_at_idx" ON "AuditEntry"("action", "at");

-- CreateIndex
CREATE INDEX "LogKeeping_enabled_nextRunAt_idx" ON "LogKeeping"("enabled", "nextRunAt");

-- CreateIndex
CREATE INDEX "DrillSchedule_enabled_nextRunAt_idx" ON "DrillSchedule"("enabled", "nextRunAt");

-- CreateIndex
CREATE INDEX "ValueRule_clusterId_idx" ON "ValueRule"("clusterId");

-- CreateIndex
CREATE UNIQUE INDEX "ApiToken_tokenHash_key" ON "ApiToken"("tokenHash");

-- CreateIndex
CREATE INDEX "ApiToken_userId_idx" ON "ApiToken"("userId");

-- CreateIndex
CREATE INDEX "ApiToken_createdAt_idx" ON "ApiToken"("createdAt");

-- CreateIndex
CREATE INDEX "IdempotentRequest_createdAt_idx" ON "IdempotentRequest"("createdAt");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ClusterRole" ADD CONSTRAINT "ClusterRole_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "JobLog" ADD CONSTRAINT "JobLog_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PhysicalTick" ADD CONSTRAINT "PhysicalTick_physicalId_fkey" FOREIGN KEY ("physicalId") REFERENCES "PhysicalRestore"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MigrationRound" ADD CONSTRAINT "MigrationRound_migrationId_fkey" FOREIGN KEY ("migrationId") REFERENCES "Migration"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The end of an empty chain.
INSERT INTO "AuditHead" ("id", "sequence", "hash")
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- A second line behind the chain: entries are written once, and leave only under a signed record of their removal.
-- A later migration that makes one of these tables anew has to make its triggers again.
CREATE FUNCTION "arkeeper_refuse"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION "arkeeper_entry_stays"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM "AuditPrune" WHERE "throughId" >= OLD."id") THEN
    RAISE EXCEPTION 'audit entries are removed by retention only' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN OLD;
END $$;

CREATE TRIGGER "AuditEntry_no_update" BEFORE UPDATE ON "AuditEntry"
FOR EACH ROW EXECUTE FUNCTION "arkeeper_refuse"('audit entries are never changed');
CREATE TRIGGER "AuditEntry_no_delete" BEFORE DELETE ON "AuditEntry"
FOR EACH ROW EXECUTE FUNCTION "arkeeper_entry_stays"();
CREATE TRIGGER "AuditEntry_no_truncate" BEFORE TRUNCATE ON "AuditEntry"
FOR EACH STATEMENT EXECUTE FUNCTION "arkeeper_refuse"('audit entries are removed by retention only');
CREATE TRIGGER "AuditHead_no_delete" BEFORE DELETE ON "AuditHead"
FOR EACH ROW EXECUTE FUNCTION "arkeeper_refuse"('the end of the audit is never removed');
CREATE TRIGGER "AuditHead_no_truncate" BEFORE TRUNCATE ON "AuditHead"
FOR EACH STATEMENT EXECUTE FUNCTION "arkeeper_refuse"('the end of the audit is never removed');
CREATE TRIGGER "AuditHead_no_way_back" BEFORE UPDATE ON "AuditHead"
FOR EACH ROW WHEN (NEW."sequence" < OLD."sequence" OR NEW."id" <> OLD."id")
EXECUTE FUNCTION "arkeeper_refuse"('the end of the audit never goes back');
CREATE TRIGGER "AuditCheckpoint_no_update" BEFORE UPDATE ON "AuditCheckpoint"
FOR EACH ROW EXECUTE FUNCTION "arkeeper_refuse"('checkpoints are never changed');
CREATE TRIGGER "AuditCheckpoint_no_delete" BEFORE DELETE ON "AuditCheckpoint"
FOR EACH ROW EXECUTE FUNCTION "arkeeper_refuse"('checkpoints are never removed');
CREATE TRIGGER "AuditCheckpoint_no_truncate" BEFORE TRUNCATE ON "AuditCheckpoint"
FOR EACH STATEMENT EXECUTE FUNCTION "arkeeper_refuse"('checkpoints are never removed');
CREATE TRIGGER "AuditPrune_no_update" BEFORE UPDATE ON "AuditPrune"
FOR EACH ROW EXECUTE FUNCTION "arkeeper_refuse"('records of removals are never changed');
CREATE TRIGGER "AuditPrune_no_delete" BEFORE DELETE ON "AuditPrune"
FOR EACH ROW EXECUTE FUNCTION "arkeeper_refuse"('records of removals are never removed');
CREATE TRIGGER "AuditPrune_no_truncate" BEFORE TRUNCATE ON "AuditPrune"
FOR EACH STATEMENT EXECUTE FUNCTION "arkeeper_refuse"('records of removals are never removed');
