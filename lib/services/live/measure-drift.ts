import { throwIfAborted } from '../../base/errors.ts'
import { differingFields } from '../../domain/diff/compare-znodes.ts'
import { IgnoreRules } from '../../domain/diff/ignore-rules.ts'
import { mapPath } from '../../domain/restore/map-paths.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { isSystemPath, isWithin, ROOT } from '../../domain/znode/path.ts'
import type { TreeReader, ZnodeReading } from '../../domain/znode/ports.ts'
import type { ServiceContext } from '../context.ts'
import { diffSources } from '../engine/diff-sources.ts'
import { commonRoots, scopeOf } from '../engine/read-scope.ts'
import { withinAny } from '../engine/scope.ts'
import { freezeIgnoreRules } from '../ignore-rules/list-ignore-rules.ts'
import { openTree } from '../tree/open-tree.ts'
import { DriftBook } from './drift-book.ts'

export interface Baseline {
  readonly clusterId: string
  readonly backupId: string
  readonly path: string
}

const READ_AT_ONCE = 16

/** All of it, in one pass over both trees: as of the zxid that the cluster had before, or a little later. */
export async function compareAll(
  context: ServiceContext,
  baseline: Baseline,
): Promise<{ readonly book: DriftBook; readonly zxid: bigint }> {
  const { clusterId, path } = baseline
  const rules = new IgnoreRules(await freezeIgnoreRules(context, clusterId))
  return withBoth(context, baseline, async (left, right) => {
    const connection = await context.sessions.borrow(clusterId, { signal: context.signal })
    const zxid = await connection.sync(ROOT)
    const diff = diffSources({ left, right, path, includeEphemerals: false, signal: context.signal })
    const book = new DriftBook()
    for await (const changes of diff.changes)
      for (const change of changes) if (rules.find(change) === null) book.add(change)
    return { book, zxid }
  })
}

/** Only these paths, as the log has them, against what was known. What cannot be read now stays as it was. */
export async function compareTouched(
  context: ServiceContext,
  baseline: Baseline,
  { book, paths, chroot }: { readonly book: DriftBook; readonly paths: Iterable<string>; readonly chroot: string },
): Promise<void> {
  const { clusterId, path: root } = baseline
  const rules = new IgnoreRules(await freezeIgnoreRules(context, clusterId))
  await withBoth(context, baseline, async (left, right) => {
    const isHeld = withinAny(new Set(commonRoots(scopeOf(left), scopeOf(right), root)))
    const wanted = [...paths]
      .filter((path) => isWithin(path, chroot))
      .map((path) => mapPath(path, chroot, ROOT))
      .filter((path) => isHeld(path) && (isSystemPath(root) || !isSystemPath(path)))
      .sort(comparePaths)
    for (let at = 0; at < wanted.length; at += READ_AT_ONCE) {
      throwIfAborted(context.signal)
      const { signal } = context
      await Promise.all(
        wanted.slice(at, at + READ_AT_ONCE).map(async (path) => {
          const [before, after] = await Promise.all([left.get(path, { signal }), right.get(path, { signal })])
          const change = compareReadings(before, after)
          if (change === 'untold') return
          book.set(path, change !== null && rules.find({ path, ...change }) === null ? change : null)
        }),
      )
    }
  })
}

/** As a diff of both trees says it at this path; ephemerals belong to sessions. */
function compareReadings(before: ZnodeReading, after: ZnodeReading) {
  if (before.kind === 'unreadable' || after.kind === 'unreadable') return 'untold'
  const [a, b] = [lastingOf(before), lastingOf(after)]
  if (a === null && b === null) return null
  if (a === null) return { change: 'added', fields: [] } as const
  if (b === null) return { change: 'removed', fields: [] } as const
  const fields = differingFields(a, b)
  return fields.length === 0 ? null : ({ change: 'changed', fields } as const)
}

function lastingOf(reading: ZnodeReading) {
  return reading.kind === 'found' && reading.znode.kind !== 'ephemeral' ? reading.znode : null
}

async function withBoth<T>(
  context: ServiceContext,
  { backupId, clusterId }: Baseline,
  work: (left: TreeReader, right: TreeReader) => Promise<T>,
): Promise<T> {
  const left = await openTree(context, { kind: 'backup', backupId })
  try {
    const right = await openTree(context, { kind: 'live', clusterId })
    try {
      return await work(left.reader, right.reader)
    } finally {
      await right.release()
    }
  } finally {
    await left.release()
  }
}
