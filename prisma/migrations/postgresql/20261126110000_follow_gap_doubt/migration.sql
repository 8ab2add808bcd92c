-- False: an election lies in between, and whether anything is missing cannot be told.
ALTER TABLE "FollowGap" ADD COLUMN "isCertain" BOOLEAN NOT NULL DEFAULT true;
