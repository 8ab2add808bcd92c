import { withDeadline } from '../../base/deadline.ts'
import { CancelledError, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { mapAhead } from '../../base/map-ahead.ts'
import { differingFields } from '../../domain/diff/compare-znodes.ts'
import { isWithin, parsePath } from '../../domain/znode/path.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import { toClientStat } from '../../domain/znode/stat.ts'
import { toPaths } from '../backups/find-backup.ts'
import { formatCursor, parseCursor } from '../backups/list-backups.ts'
import type { ServiceContext } from '../context.ts'
import { isArchiveReader, type TreeScope } from '../engine/read-scope.ts'
import { ServiceError } from '../errors.ts'
import { borrowArchive } from './archive-readers.ts'
import { readTree } from './read-tree.ts'
import type { TreeRef } from './tree-ref.ts'
import type { HistoryChange, HistoryEntryView, HistoryReadingView, HistoryView } from './views.ts'

const LIMIT_DEFAULT = 20
const LIMIT_MAX = 50
const ROWS_AT_ONCE = 50
/** Catalog rows looked through for one page: those of other subtrees cost no reading. */
const ROWS_MAX = 1000
/** A catalog row names at most so many paths of its scope (backups/backup-row.ts); then only the archive knows them all. */
const SCOPE_PATHS_MAX = 100

export interface HistoryLimits {
  /** One archive that does not answer is told as such. */
  readonly archiveTimeoutMs: number
  /** Then the page ends early, and the next one goes on from there. */
  readonly pageTimeoutMs: number
}

const LIMITS: HistoryLimits = { archiveTimeoutMs: 5000, pageTimeoutMs: 15_000 }

export interface ListHistoryInput {
  readonly ref: TreeRef
  readonly path: string
  /** `next` of the page before. */
  readonly before?: string | null
  readonly limit?: number
}

/**
 * One znode in each backup of its cluster whose scope holds the path, newest first, and live on the first page of a live tree. Each is
 * read through the index of its archive; an archive that cannot be read is an entry that says so.
 */
export async function listHistory(
  context: ServiceContext,
  input: ListHistoryInput,
  limits: HistoryLimits = LIMITS,
): Promise<HistoryView> {
  const path = parsePath(input.path)
  const limit = Math.min(Math.max(Math.trunc(input.limit ?? LIMIT_DEFAULT), 1), LIMIT_MAX)
  const clusterId = await clusterOf(context, input.ref)
  const isFirst = !input.before
  const live = input.ref.kind === 'live' && isFirst ? await readLive(context, input.ref, path) : null

  const startedAt = context.clock.now()
  const rows = new RowCounter()
  const entries: Entry[] = []
  let outside = 0
  let last: Row | null = null
  let isEarly = false
  const readings = mapAhead(rows.count(listRows(context, clusterId, input.before ?? null)), async (row) =>
    mayHold(row, path) ? readEntry(context, row, path, limits) : OUTSIDE,
  )
  for await (const { input: row, output } of readings) {
    last = row
    if (output.kind === 'outside') outside++
    else entries.push({ row, reading: output })
    if (entries.length > limit) break
    // With two, one of them is told and the other is what it is compared with.
    if (entries.length < 2 && rows.counted < ROWS_MAX) continue
    isEarly = rows.counted >= ROWS_MAX || context.clock.now() - startedAt > limits.pageTimeoutMs
    if (isEarly) break
  }
  const hasExtra = entries.length > limit || (isEarly && entries.length > 1)
  const shown = hasExtra ? entries.slice(0, -1) : entries
  const end = hasExtra ? (shown.at(-1)?.row ?? null) : isEarly ? last : null
  return {
    clusterId,
    live: live && { reading: toReadingView(live), change: changeOf(live, entries, end === null) },
    entries: shown.map(({ row, reading }, i) => ({
      ...toEntryFacts(row),
      reading: toReadingView(reading),
      change: changeOf(reading, entries.slice(i + 1), end === null),
    })),
    outside,
    next: end && formatCursor(end),
  }
}

const OUTSIDE = { kind: 'outside' } as const

/** `failed`: it is not known what the backup, or the cluster, holds here. */
type Reading = ZnodeReading | { readonly kind: 'failed'; readonly message: string }

interface Entry {
  readonly row: Row
  readonly reading: Reading
}

interface Row {
  readonly id: string
  readonly storeId: string
  readonly dir: string
  readonly zxid: bigint
  readonly purpose: string
  readonly status: string
  readonly note: string
  readonly scopePaths: unknown
  readonly takenAt: Date
}

class RowCounter {
  counted = 0

  async *count(rows: AsyncIterable<Row>): AsyncGenerator<Row, void, void> {
    for await (const row of rows) {
      this.counted++
      yield row
    }
  }
}

async function clusterOf(context: ServiceContext, ref: TreeRef): Promise<string> {
  if (ref.kind !== 'backup') return ref.clusterId
  const backup = await context.db.backup.findFirst({
    where: { id: ref.backupId, deletedAt: null },
    select: { clusterId: true },
  })
  if (!backup) throw new ServiceError('NOT_FOUND', `There is no backup ${ref.backupId}`)
  return backup.clusterId
}

async function* listRows(
  context: ServiceContext,
  clusterId: string,
  before: string | null,
): AsyncGenerator<Row, void, void> {
  for (let cursor = before === null ? null : parseCursor(before); ; ) {
    const rows = await context.db.backup.findMany({
      where: {
        clusterId,
        deletedAt: null,
        ...(cursor
          ? { OR: [{ takenAt: { lt: cursor.takenAt } }, { takenAt: cursor.takenAt, id: { lt: cursor.id } }] }
          : {}),
      },
      orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
      take: ROWS_AT_ONCE,
      select: {
        id: true,
        storeId: true,
        dir: true,
        zxid: true,
        purpose: true,
        status: true,
        note: true,
        scopePaths: true,
        takenAt: true,
      },
    })
    yield* rows
    cursor = rows.at(-1) ?? null
    if (rows.length < ROWS_AT_ONCE) return
  }
}

/** By the catalog alone, which does not know whether a scope means subtrees or single znodes, nor more than its first paths. */
function mayHold(row: Row, path: string): boolean {
  const paths = toPaths(row.scopePaths)
  return paths.length >= SCOPE_PATHS_MAX || paths.some((root) => isWithin(path, root))
}

function isInScope(scope: TreeScope, path: string): boolean {
  return scope.kind === 'touched' ? scope.paths.includes(path) : scope.paths.some((root) => isWithin(path, root))
}

async function readEntry(
  context: ServiceContext,
  row: Row,
  path: string,
  limits: HistoryLimits,
): Promise<Reading | typeof OUTSIDE> {
  const { signal } = context
  const read = async (): Promise<Reading | typeof OUTSIDE> => {
    const { reader, release } = await borrowArchive(context, row)
    try {
      if (isArchiveReader(reader) && !isInScope(reader.manifest.scope, path)) return OUTSIDE
      return await reader.get(path, { signal })
    } finally {
      await release()
    }
  }
  try {
    return await withDeadline(read(), { what: 'Reading the archive', timeoutMs: limits.archiveTimeoutMs, signal })
  } catch (error) {
    return toFailure(error)
  }
}

async function readLive(context: ServiceContext, ref: TreeRef, path: string): Promise<Reading> {
  try {
    return await readTree(context, ref, (reader) => reader.get(path, { signal: context.signal }))
  } catch (error) {
    return toFailure(error)
  }
}

function toFailure(error: unknown): Reading {
  if (!isArkeeperError(error) || error instanceof CancelledError) throw error
  return { kind: 'failed', message: error.message }
}

/** What changed since the next older one that says anything; `isAll`: there are no older ones than these. */
function changeOf(reading: Reading, older: readonly Entry[], isAll: boolean): HistoryChange {
  if (!isKnown(reading)) return { kind: 'unknown' }
  const before = older.map((entry) => entry.reading).find(isKnown)
  if (before === undefined) return { kind: isAll ? 'oldest' : 'unknown' }
  if (reading.kind === 'missing') return { kind: before.kind === 'missing' ? 'same' : 'gone' }
  if (before.kind === 'missing') return { kind: 'appeared' }
  const fields = differingFields(before.znode, reading.znode)
  return fields.length === 0 ? { kind: 'same' } : { kind: 'changed', fields }
}

function isKnown(reading: Reading): reading is Extract<Reading, { kind: 'found' | 'missing' }> {
  return reading.kind === 'found' || reading.kind === 'missing'
}

function toEntryFacts(row: Row): Omit<HistoryEntryView, 'reading' | 'change'> {
  return {
    backupId: row.id,
    takenAt: row.takenAt.toISOString(),
    zxid: formatHex64(row.zxid),
    isSafety: row.purpose === 'safety',
    isPartial: row.status !== 'complete',
    note: row.note,
  }
}

function toReadingView(reading: Reading): HistoryReadingView {
  if (reading.kind === 'missing') return { kind: 'missing' }
  if (reading.kind !== 'found') return { kind: reading.kind, message: reading.message }
  const { znode, numChildren } = reading
  const dataLength = znode.data?.length ?? 0
  const stat = toClientStat(znode.stat, znode.kind, { dataLength, numChildren })
  return {
    kind: 'found',
    dataLength: znode.data === null ? null : dataLength,
    version: stat.version,
    aversion: stat.aversion,
    mtime: stat.mtime,
    mzxid: formatHex64(stat.mzxid),
    czxid: formatHex64(stat.czxid),
  }
}
