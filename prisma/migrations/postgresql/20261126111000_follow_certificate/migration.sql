-- What the member showed that the stream is heard from: it ends for all of them at about the same time.
ALTER TABLE "ClusterFollow" ADD COLUMN "peerCertificate" JSON;
