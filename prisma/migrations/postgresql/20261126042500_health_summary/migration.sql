-- AlterTable
ALTER TABLE "HealthWatch" ADD COLUMN "summary" JSON;
