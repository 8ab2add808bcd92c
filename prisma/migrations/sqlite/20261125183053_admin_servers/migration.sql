-- AlterTable
ALTER TABLE "Cluster" ADD COLUMN "adminUrls" TEXT NOT NULL DEFAULT '';
ALTER TABLE "Cluster" ADD COLUMN "adminAuthScheme" TEXT;
ALTER TABLE "Cluster" ADD COLUMN "adminAuthSecret" BLOB;
ALTER TABLE "Cluster" ADD COLUMN "adminTlsCa" TEXT;
ALTER TABLE "Cluster" ADD COLUMN "adminTlsCert" TEXT;
ALTER TABLE "Cluster" ADD COLUMN "adminTlsKey" BLOB;
