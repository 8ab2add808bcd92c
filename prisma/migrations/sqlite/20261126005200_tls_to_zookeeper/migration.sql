-- TLS to the servers' secureClientPort. By hand: nothing that is there is rebuilt.
ALTER TABLE "Cluster" ADD COLUMN "tlsOn" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "Cluster" ADD COLUMN "tlsCa" TEXT;
ALTER TABLE "Cluster" ADD COLUMN "tlsCert" TEXT;
ALTER TABLE "Cluster" ADD COLUMN "tlsKey" BLOB;
ALTER TABLE "Cluster" ADD COLUMN "tlsCheckName" BOOLEAN NOT NULL DEFAULT true;
