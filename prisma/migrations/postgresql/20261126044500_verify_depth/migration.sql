-- What a verification without the key of an encrypted archive has looked at.
ALTER TABLE "Backup" ADD COLUMN "verifyDepth" TEXT;
