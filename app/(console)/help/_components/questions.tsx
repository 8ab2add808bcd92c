import type { ReactNode } from 'react'
import { paths } from '@/app/_nav/paths.ts'
import { Command, type HelpPlace, Places } from './steps.tsx'

interface Question {
  readonly id: string
  readonly title: string
  answer(place: HelpPlace | null): ReactNode
}

/** What is asked of any backup of ZooKeeper, answered as this version does it. */
export const QUESTIONS: readonly Question[] = [
  {
    id: 'how-often',
    title: 'How often should I back up?',
    answer: (place) => (
      <>
        <p>
          As often as you can bear to lose: everything written after the last backup is gone with the ensemble. The page
          “On the servers” measures how much is written and says what an interval would cost; a schedule states the
          longest distance between two runs, and an alert says when no good backup is younger than you want.
        </p>
        <p>
          Where Arkeeper reaches the members’ directories, it can keep the transaction log as well. Then what can be
          lost is what was written since its last look, and every moment in between can be gone back to.
        </p>
        <Places
          links={
            place
              ? [
                  [paths.cluster(place.id, 'retention'), 'What an interval would lose'],
                  [paths.cluster(place.id, 'schedules'), 'Schedules'],
                ]
              : [[paths.overview(), 'Overview']]
          }
        />
      </>
    ),
  },
  {
    id: 'elsewhere',
    title: 'Are backups kept on other machines?',
    answer: () => (
      <>
        <p>
          Only if you say so: the first store is a folder beside the database. Add an S3-compatible bucket or a folder
          of another machine as a store, make it the cluster’s first store or the place where copies go, and each backup
          is copied there, read back and shown with the result. Object lock keeps even an administrator here from
          deleting them.
        </p>
        <p>
          The database is a catalog, not the truth: lose it, and a rescan of the stores brings the backups back. What it
          alone holds is who did what, the schedules and the settings; back it up like any database.
        </p>
        <Places links={[[paths.stores(), 'Stores']]} />
      </>
    ),
  },
  {
    id: 'middle',
    title: 'What happens when something fails in the middle?',
    answer: () => (
      <ul className="flex list-disc flex-col gap-1 pl-5">
        <li>
          <b>Of a backup:</b> an archive appears whole or not at all. It is written aside, read back, and only then
          given its name; the manifest comes last. What a crash left is swept.
        </li>
        <li>
          <b>Of a copy to a bucket:</b> it goes on with the parts that are missing. Without its manifest it is no
          archive and nobody takes it for one.
        </li>
        <li>
          <b>Of a restore:</b> each step is in the journal before it is sent. After a crash of the worker, the network
          or the ensemble it goes on from there and asks the live state of each step in doubt: done, still to do, or in
          conflict. Nothing is written twice. Or it is undone, as far as it got.
        </li>
        <li>
          <b>Of a worker:</b> another one takes the job over within a minute. Whoever lost a job can write nothing for
          it any more.
        </li>
        <li>
          <b>Of a removal:</b> what keep rules let go is marked first and removed days later, from every store, and it
          is called removed only when it is gone from all.
        </li>
      </ul>
    ),
  },
  {
    id: 'integrity',
    title: 'How do I know that a backup is good?',
    answer: () => (
      <>
        <p>Four proofs, each stronger than the one before. The page of a backup says which it has and from when.</p>
        <ul className="flex list-disc flex-col gap-1 pl-5">
          <li>Sums: the files are those that were written. This needs no key.</li>
          <li>Verify: every znode can be read, parents come first, counts and checksums of ZooKeeper’s format fit.</li>
          <li>
            Digest: the tree is the one that ZooKeeper itself had at that zxid, where a server published its digest.
          </li>
          <li>Drill: a ZooKeeper was started on it and every znode read back and compared.</li>
        </ul>
        <p>
          Every archive is read again from time to time, on a budget. One that was good and is not any more is red,
          raises an alert, and no longer counts as the last good one.
        </p>
        <Command name="verify an archive" text="npx arkeeper verify ARCHIVE" />
      </>
    ),
  },
  {
    id: 'concurrent',
    title: 'What if clients write during a backup or a restore?',
    answer: () => (
      <>
        <p>
          During a <b>backup</b>: its consistency is stated, never assumed. <i>Exact</i> is proven to be the tree at one
          zxid, and says how: by the digest, by replaying the log, because nothing moved, or because what moved was read
          again until nothing did. <i>Fuzzy</i> gives the window and the paths that moved in it.
        </p>
        <p>
          During a <b>restore</b>: each step carries the version that the plan saw and is refused by ZooKeeper when
          somebody was faster. You choose beforehand whether such a conflict stops, is skipped or overwritten; every one
          is listed. A plan that grew stale before it was run says so.
        </p>
      </>
    ),
  },
  {
    id: 'not-in-it',
    title: 'What is not in a backup, and what does a restore not bring back?',
    answer: () => (
      <ul className="flex list-disc flex-col gap-1 pl-5">
        <li>
          A walk over the client port cannot tell containers and znodes with a time to live from plain ones, sees only
          what its credentials may read, and hides the digests of ACLs that it may not administer. A backup from the
          files or the AdminServer has all of it. What is missing is listed under fidelity, and such a backup is called
          partial.
        </li>
        <li>Ephemeral znodes are kept for reading and are never restored: only their own client can make them.</li>
        <li>
          A restore through a plan makes new versions, zxids and times; sequence counters are raised to where they were
          unless you say otherwise. Put back as files, all of them are as they were.
        </li>
        <li>
          <code>/zookeeper</code> (quotas, the configuration) is left out unless asked for.
        </li>
      </ul>
    ),
  },
  {
    id: 'key',
    title: 'What if the key of encrypted archives is lost?',
    answer: () => (
      <p>
        Then they cannot be read by anybody, this installation included: it does not hold the key unless you gave it
        one. Encrypt to at least two recipients, keep one private key offline, and let the page make you prove that
        somebody holds each. Archives from before encryption was switched on stay readable.
      </p>
    ),
  },
]
