import type { ChangeCounts, DiffView } from '@/lib/services/diffs/views.ts'
import { parseTreeRef } from '@/lib/services/tree/tree-ref.ts'

/** One way to put things back from a diff: which cluster becomes like which side. */
export interface RestoreWay {
  readonly clusterId: string
  /** TreeRef of the side that is put back. */
  readonly source: string
  readonly sourceSide: 'left' | 'right'
  readonly label: string
}

/** A live side is made like the other one. Two backups can each be put back to the cluster; two live clusters can each become like the other. */
export function findRestoreWays(
  diff: Pick<DiffView, 'left' | 'right' | 'leftLabel' | 'rightLabel' | 'clusterId'>,
): RestoreWay[] {
  const left = parseTreeRef(diff.left)
  const right = parseTreeRef(diff.right)
  const ways: RestoreWay[] = []
  if (left?.kind === 'live') {
    const label = `Make ${diff.leftLabel} like ${diff.rightLabel}`
    ways.push({ clusterId: left.clusterId, source: diff.right, sourceSide: 'right', label })
  }
  if (right?.kind === 'live') {
    const label = `Make ${diff.rightLabel} like ${diff.leftLabel}`
    ways.push({ clusterId: right.clusterId, source: diff.left, sourceSide: 'left', label })
  }
  if (ways.length === 0 && diff.clusterId !== null) {
    const { clusterId } = diff
    ways.push(
      { clusterId, source: diff.right, sourceSide: 'right', label: `Put back from ${diff.rightLabel}` },
      { clusterId, source: diff.left, sourceSide: 'left', label: `Put back from ${diff.leftLabel}` },
    )
  }
  return ways
}

/** What the picked changes mean for the cluster that is written to. */
export function describeWrites(
  counts: ChangeCounts,
  sourceSide: RestoreWay['sourceSide'],
): { creates: number; changes: number; deletes: number } {
  return sourceSide === 'right'
    ? { creates: counts.added, changes: counts.changed, deletes: counts.removed }
    : { creates: counts.removed, changes: counts.changed, deletes: counts.added }
}
