-- Public keys that archives are encrypted to, and private keys given for a while.
ALTER TABLE "Backup" ADD COLUMN "recipients" JSON;
ALTER TABLE "Backup" ADD COLUMN "formerStoreId" TEXT;
ALTER TABLE "Backup" ADD COLUMN "formerDir" TEXT;

CREATE TABLE "EncryptionChoice" (
    "scope" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "EncryptionChoice_pkey" PRIMARY KEY ("scope")
);

CREATE TABLE "EncryptionRecipient" (
    "id" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "label" TEXT NOT NULL DEFAULT '',
    "provedAt" TIMESTAMP(3),
    "provedById" TEXT,
    "createdById" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "EncryptionRecipient_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "KeyUnlock" (
    "id" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "secret" BYTEA NOT NULL,
    "endsAt" TIMESTAMP(3) NOT NULL,
    "unlockedById" TEXT,
    "unlockedByName" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "KeyUnlock_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "EncryptionRecipient_scope_recipient_key" ON "EncryptionRecipient"("scope", "recipient");
CREATE INDEX "EncryptionRecipient_recipient_idx" ON "EncryptionRecipient"("recipient");
CREATE INDEX "KeyUnlock_endsAt_idx" ON "KeyUnlock"("endsAt");
CREATE INDEX "KeyUnlock_recipient_idx" ON "KeyUnlock"("recipient");
