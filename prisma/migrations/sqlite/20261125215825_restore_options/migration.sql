-- AlterTable
ALTER TABLE "Restore" ADD COLUMN "options" JSONB;
