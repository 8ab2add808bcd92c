ALTER TABLE "ClusterFollow" ADD COLUMN "deniedZxid" BIGINT;
ALTER TABLE "ClusterFollow" ADD COLUMN "restoredBehind" BIGINT;
