-- AlterTable
ALTER TABLE "AuditEntry" ADD COLUMN "otherClusterId" TEXT;

-- AlterTable
ALTER TABLE "Diff" ADD COLUMN "otherClusterId" TEXT;

-- AlterTable
ALTER TABLE "Job" ADD COLUMN "otherClusterId" TEXT;

-- AlterTable
ALTER TABLE "Restore" ADD COLUMN "otherClusterId" TEXT;

-- What is there already. A tree is `live:<cluster>`, `moment:<cluster>.<zxid>` or `backup:<backup>`.
UPDATE "Restore" SET "otherClusterId" = NULLIF(
  CASE
    WHEN json_extract("source", '$') LIKE 'live:%' THEN substr(json_extract("source", '$'), 6)
    WHEN json_extract("source", '$') LIKE 'moment:%' THEN substr(json_extract("source", '$'), 8, instr(json_extract("source", '$'), '.') - 8)
    ELSE (SELECT b."clusterId" FROM "Backup" b WHERE 'backup:' || b."id" = json_extract("Restore"."source", '$'))
  END,
  "clusterId"
);
UPDATE "Restore" SET "otherClusterId" = (SELECT r."otherClusterId" FROM "Restore" r WHERE r."id" = "Restore"."undoOfId")
WHERE "undoOfId" IS NOT NULL;
UPDATE "Diff" SET "otherClusterId" = COALESCE(
  NULLIF(
    CASE
      WHEN json_extract("left", '$') LIKE 'live:%' THEN substr(json_extract("left", '$'), 6)
      WHEN json_extract("left", '$') LIKE 'moment:%' THEN substr(json_extract("left", '$'), 8, instr(json_extract("left", '$'), '.') - 8)
      ELSE (SELECT b."clusterId" FROM "Backup" b WHERE 'backup:' || b."id" = json_extract("Diff"."left", '$'))
    END,
    "clusterId"
  ),
  NULLIF(
    CASE
      WHEN json_extract("right", '$') LIKE 'live:%' THEN substr(json_extract("right", '$'), 6)
      WHEN json_extract("right", '$') LIKE 'moment:%' THEN substr(json_extract("right", '$'), 8, instr(json_extract("right", '$'), '.') - 8)
      ELSE (SELECT b."clusterId" FROM "Backup" b WHERE 'backup:' || b."id" = json_extract("Diff"."right", '$'))
    END,
    "clusterId"
  )
);
UPDATE "Job" SET "otherClusterId" = (
  SELECT r."otherClusterId" FROM "Restore" r WHERE r."id" = "Job"."subjectId"
  UNION ALL SELECT d."otherClusterId" FROM "Diff" d WHERE d."id" = "Job"."subjectId"
  UNION ALL SELECT m."sourceId" FROM "Migration" m WHERE m."id" = "Job"."subjectId"
  LIMIT 1
);
