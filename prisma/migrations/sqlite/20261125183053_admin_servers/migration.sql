-- Drops or rebuilds: check which rows and columns it loses.
-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_Cluster" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "connectString" TEXT NOT NULL,
    "authScheme" TEXT,
    "authSecret" BLOB,
    "sessionTimeoutMs" INTEGER NOT NULL,
    "adminUrls" TEXT NOT NULL DEFAULT '',
    "adminAuthScheme" TEXT,
    "adminAuthSecret" BLOB,
    "adminTlsCa" TEXT,
    "adminTlsCert" TEXT,
    "adminTlsKey" BLOB,
    "environment" TEXT NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "armedUntil" DATETIME,
    "armedById" TEXT,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL,
    "removedAt" DATETIME
);
INSERT INTO "new_Cluster" ("armedById", "armedUntil", "authScheme", "authSecret", "connectString", "createdAt", "environment", "id", "name", "note", "removedAt", "revision", "sessionTimeoutMs", "updatedAt") SELECT "armedById", "armedUntil", "authScheme", "authSecret", "connectString", "createdAt", "environment", "id", "name", "note", "removedAt", "revision", "sessionTimeoutMs", "updatedAt" FROM "Cluster";
DROP TABLE "Cluster";
ALTER TABLE "new_Cluster" RENAME TO "Cluster";
CREATE UNIQUE INDEX "Cluster_name_key" ON "Cluster"("name");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
