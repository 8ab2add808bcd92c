-- AlterTable
ALTER TABLE "Restore" ADD COLUMN "pauseRequestedAt" DATETIME;
ALTER TABLE "Restore" ADD COLUMN "pausedAt" DATETIME;
