-- AlterTable
ALTER TABLE "HealthWatch" ADD COLUMN "summary" JSONB;
