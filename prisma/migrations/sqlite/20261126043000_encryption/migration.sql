-- Public keys that archives are encrypted to, and private keys given for a while.
ALTER TABLE "Backup" ADD COLUMN "recipients" JSONB;
ALTER TABLE "Backup" ADD COLUMN "formerStoreId" TEXT;
ALTER TABLE "Backup" ADD COLUMN "formerDir" TEXT;

CREATE TABLE "EncryptionChoice" (
    "scope" TEXT NOT NULL PRIMARY KEY,
    "mode" TEXT NOT NULL,
    "updatedAt" DATETIME NOT NULL
);

CREATE TABLE "EncryptionRecipient" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "scope" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "label" TEXT NOT NULL DEFAULT '',
    "provedAt" DATETIME,
    "provedById" TEXT,
    "createdById" TEXT,
    "createdAt" DATETIME NOT NULL
);

CREATE TABLE "KeyUnlock" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "clusterId" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "secret" BLOB NOT NULL,
    "endsAt" DATETIME NOT NULL,
    "unlockedById" TEXT,
    "unlockedByName" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL
);

CREATE UNIQUE INDEX "EncryptionRecipient_scope_recipient_key" ON "EncryptionRecipient"("scope", "recipient");
CREATE INDEX "EncryptionRecipient_recipient_idx" ON "EncryptionRecipient"("recipient");
CREATE INDEX "KeyUnlock_endsAt_idx" ON "KeyUnlock"("endsAt");
CREATE INDEX "KeyUnlock_recipient_idx" ON "KeyUnlock"("recipient");
