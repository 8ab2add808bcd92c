import type { TreeDigest } from '../../../domain/snapshot/digest.ts'
import type { SnapshotHead } from '../../../domain/snapshot/read-snapshot.ts'
import type { ReplayTree } from '../replay-base.ts'
import type { MomentStream, StreamMomentInput } from '../store.ts'
import { streamReplay } from '../stream-moment.ts'
import { mergeRuns, visitRuns } from './merge-runs.ts'
import type { RunFile } from './record-runs.ts'

/** A whole tree in sorted runs, its tables, and its digest. */
export interface SortedRuns {
  readonly file: RunFile
  readonly head: SnapshotHead
  readonly digest: TreeDigest
}

/** As `streamMoment` of a tree that was put in order while it came. The tree is the caller's to discard. */
export async function streamReceived(received: SortedRuns, input: StreamMomentInput): Promise<MomentStream | null> {
  return streamReplay(treeOf(received), input, async () => undefined)
}

function treeOf({ file: runs, head, digest }: SortedRuns): ReplayTree {
  return {
    toBase: async ({ zxid, windowEnd = zxid, digest: told }, signal) => ({
      base: {
        zxid,
        windowEnd,
        digest: told === undefined ? null : { zxid, value: told },
        sessions: head.sessions,
        acls: head.acls,
        sums: { digest: digest.value(), ascii: digest.asciiValue() },
        visit: (visitor) => visitRuns(runs, (record) => visitor(record, record.path()), signal),
      },
      windowKnown: true,
    }),
    readAll: (_file, signal) => mergeRuns(runs, head.acls.withLater(), signal),
  }
}
