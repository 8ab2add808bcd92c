import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { findRecipients } from '../encryption/find-recipients.ts'
import { isSameSet } from '../encryption/key-needs.ts'
import { getStore } from '../stores/find-store.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { type ClusterLogs, openLogs } from './cluster-logs.ts'
import { logFolder } from './log-folder.ts'
import { isSameFile, putPiece, withPiecePlace } from './place-pieces.ts'
import { toPieceColumns } from './placed-pieces.ts'

/** A run gives way after this long; the next goes on at once. */
const RUN_MS = 2 * 60_000

export interface MirrorTarget {
  readonly clusterId: string
  readonly clusterName: string
  readonly storeId: string
}

export interface MirrorRun {
  /** Up to here all is there without a hole. */
  readonly last: LogSegment | null
  readonly missing: number
  /** Stopped because it took long: there is more to send. */
  readonly isCut: boolean
  /** What only another host has. */
  readonly elsewhere: string | null
}

/** `assertOwned` is asked before each piece. */
export async function mirrorLogs(
  context: ServiceContext,
  target: MirrorTarget,
  assertOwned: () => Promise<void>,
): Promise<MirrorRun> {
  const through = await removeSpent(context, target)
  const logs = await openLogs(context, { id: target.clusterId, name: target.clusterName })
  const wanted = await findRecipients(context, target.clusterId)
  if (target.storeId === DEFAULT_STORE_ID) return keepOwnBooks(context, target, logs, wanted)
  const store = await getStore(context, target.storeId)
  const rows = await context.db.logPiece.findMany({
    where: { clusterId: target.clusterId, storeId: target.storeId },
    select: { first: true, last: true, sha256: true, dir: true, mendAskedAt: true },
  })
  const byFirst = new Map(rows.map((row) => [row.first, row]))
  const endsAtMs = context.clock.now() + RUN_MS
  const outcome = new Outcome()
  for (const segment of logs.archived.segments) {
    // The newest of a host that has not kept the log for long may be one that keep rules have removed.
    if (through !== null && segment.last <= through) continue
    const row = byFirst.get(segment.first)
    const isAsked = row !== undefined && row.mendAskedAt !== null
    const isThere = row !== undefined && row.sha256 !== '' && row.last >= segment.last && !isAsked
    if (isThere && (row.sha256 === (segment.sealed ?? segment).sha256 || !isRenewed(segment, wanted))) {
      outcome.add(segment, true)
      continue
    }
    throwIfAborted(context.signal)
    if (context.clock.now() > endsAtMs) return { ...outcome.end(), isCut: true, missing: outcome.missing + 1 }
    await assertOwned()
    const at = await logs.locate(segment).catch((error: unknown) => {
      if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
      outcome.elsewhere ??= error.message
      return null
    })
    if (at === null) {
      outcome.add(segment, isThere)
      continue
    }
    const key = { clusterId: target.clusterId, storeId: target.storeId, first: segment.first }
    const dir = row?.dir || `${target.clusterName}/logs`
    const isDone = await withPiecePlace(context, key, at.segment, async (there) => {
      if (there !== null && !isAsked && !isBetter(at.segment, there.segment, wanted)) return null
      return putPiece(context, store, { from: at.dir, segment: at.segment, dir, former: there?.segment ?? null })
    })
    outcome.add(at.segment, isDone)
  }
  return outcome.end()
}

/** Where it is encrypted to the keys of now, and what lies there is not, it takes its place. */
function isRenewed({ sealed }: LogSegment, wanted: readonly string[]): boolean {
  return wanted.length > 0 && sealed !== undefined && isSameSet(sealed.recipients, wanted)
}

function isBetter(segment: LogSegment, there: LogSegment, wanted: readonly string[]): boolean {
  if (segment.last !== there.last) return segment.last > there.last
  return !isSameFile(segment, there) && isRenewed(segment, wanted) && !isRenewed(there, wanted)
}

class Outcome {
  missing = 0
  elsewhere: string | null = null
  #last: LogSegment | null = null
  #isBroken = false

  add(segment: LogSegment, isThere: boolean): void {
    if (!isThere) {
      this.missing++
      this.#isBroken = true
    } else if (!this.#isBroken) this.#last = segment
  }

  end(): MirrorRun {
    return { last: this.#last, missing: this.missing, elsewhere: this.elsewhere, isCut: false }
  }
}

/**
 * The built-in folder is where pieces are written first. What lies there goes into the catalog, so that it is read again and its damage known;
 * a damaged piece that somebody wants mended is put there anew.
 */
async function keepOwnBooks(
  context: ServiceContext,
  { clusterId, clusterName }: MirrorTarget,
  logs: ClusterLogs,
  wanted: readonly string[],
): Promise<MirrorRun> {
  const dir = logFolder(context, clusterName)
  const { pieces } = context.archives.logs
  const rows = await context.db.logPiece.findMany({
    where: { clusterId, storeId: DEFAULT_STORE_ID },
    select: { first: true, last: true, sha256: true, mendAskedAt: true },
  })
  const byFirst = new Map(rows.map((row) => [row.first, row]))
  const place = `${clusterName}/logs`
  const { segments } = await context.archives.logs.list(dir)
  for (const segment of segments) {
    const row = byFirst.get(segment.first)
    if (row !== undefined && row.sha256 !== '' && row.last >= segment.last) {
      const isOther = row.sha256 !== (segment.sealed ?? segment).sha256 && row.last === segment.last
      if (!isOther || !isRenewed(segment, wanted)) continue
    }
    const key = { clusterId, storeId: DEFAULT_STORE_ID, first: segment.first }
    await withPiecePlace(context, key, segment, async () => enter(context, segment, place))
  }
  // Lost with the folder, and archived again since, cut at other places.
  const isAgain = ({ first, last }: { readonly first: bigint; readonly last: bigint }) =>
    segments.some((segment) => segment.first < first && segment.last >= last)
  const here = new Set(segments.map(({ first }) => first))
  for (const row of rows.filter(({ first }) => !here.has(first)).filter(isAgain)) {
    await withPiecePlace(
      context,
      { clusterId, storeId: DEFAULT_STORE_ID, first: row.first },
      null,
      async () => 'removed',
    )
  }
  const outcome = new Outcome()
  for (const segment of logs.archived.segments) {
    // Whoever has nothing of it here is another host than the one that keeps it, and has nothing to mend.
    if ((byFirst.get(segment.first)?.mendAskedAt ?? null) === null) continue
    throwIfAborted(context.signal)
    const key = { clusterId, storeId: DEFAULT_STORE_ID, first: segment.first }
    const isDone = await withPiecePlace(context, key, null, async () => {
      const at = await logs.locate(segment)
      await pieces.put(at.dir, dir, at.segment, { signal: context.signal })
      return enter(context, at.segment, place)
    })
    outcome.add(segment, isDone)
  }
  return { ...outcome.end(), last: segments.at(-1) ?? null }
}

/** The index beside it is not needed to fetch it: whoever reads this folder sees it. */
function enter(context: ServiceContext, segment: LogSegment, place: string) {
  return { ...toPieceColumns(segment, place, context.clock.now()), indexBytes: null, indexSha256: null }
}

/** What keep rules have removed goes from the folder of this host as well. Gives the last transaction of it. */
async function removeSpent(context: ServiceContext, { clusterId, clusterName }: MirrorTarget): Promise<bigint | null> {
  const row = await context.db.logKeeping.findUnique({ where: { clusterId }, select: { removedThrough: true } })
  const through = row?.removedThrough ?? null
  if (through === null) return null
  const dir = logFolder(context, clusterName)
  const { segments } = await context.archives.logs.list(dir)
  const spent = segments.slice(0, -1).filter(({ last }) => last <= through)
  const isFromTheStart = spent.every(({ first }, i) => segments[i]?.first === first)
  if (spent.length > 0 && isFromTheStart) await context.archives.logs.removeOldest(dir, spent)
  return through
}
