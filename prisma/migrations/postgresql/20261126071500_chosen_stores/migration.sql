ALTER TABLE "Restore" ADD COLUMN "sourceStoreId" TEXT;
ALTER TABLE "FormerCopy" ADD COLUMN "why" TEXT NOT NULL DEFAULT 'encrypted-anew';
CREATE INDEX "FormerCopy_storeId_idx" ON "FormerCopy"("storeId");
