-- CreateTable
CREATE TABLE "WorkFile" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "path" TEXT NOT NULL,
    "folder" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "touchedAt" TIMESTAMP(3) NOT NULL
);

-- CreateTable
CREATE TABLE "WorkChunk" (
    "fileId" TEXT NOT NULL,
    "n" INTEGER NOT NULL,
    "packed" BOOLEAN NOT NULL,
    "data" BYTEA NOT NULL,

    PRIMARY KEY ("fileId", "n"),
    CONSTRAINT "WorkChunk_fileId_fkey" FOREIGN KEY ("fileId") REFERENCES "WorkFile" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "WorkLines" (
    "folder" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "n" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,

    PRIMARY KEY ("folder", "name", "n")
);

-- CreateIndex
CREATE UNIQUE INDEX "WorkFile_path_key" ON "WorkFile"("path");

-- CreateIndex
CREATE INDEX "WorkFile_folder_idx" ON "WorkFile"("folder");

-- CreateIndex
CREATE INDEX "WorkFile_kind_touchedAt_idx" ON "WorkFile"("kind", "touchedAt");
