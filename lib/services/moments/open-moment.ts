import type { DataDirReader } from '../../adapters/archive/store.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { selectLogs } from '../../domain/txnlog/read-history.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { chrootedTree } from '../engine/chrooted-tree.ts'
import { findEpochEnds } from '../engine/epoch-ends.ts'
import { type Borrowed, SharedReaders } from '../tree/shared-readers.ts'
import { MomentError } from './errors.ts'
import { findCommitted, gatherHistory, type History, sourcesOf } from './gather-history.ts'
import { openPrepared } from './prepared-moments.ts'
import type { MomentProofView } from './views.ts'

/** A cluster's tree after one transaction, as its clients saw it. */
export interface MomentTree {
  readonly reader: TreeReader
  readonly proof: MomentProofView
  /** Session → timeout in ms; null where only the tree was kept. */
  readonly sessions: ReadonlyMap<bigint, number> | null
  close(): Promise<void>
}

export interface MomentId {
  readonly clusterId: string
  readonly zxid: bigint
}

/** Moments kept open for browsing; each is a temporary file as large as the tree. */
const OPEN_MAX = 4
/** Base and logs together: about as much as is read, replayed and written in a few seconds. */
export const INLINE_BYTES_MAX = 64 * 1024 * 1024
/** A server may purge between our listing and our reading. */
const ATTEMPTS_MAX = 2
const NO_ARCHIVE = { segments: [], gaps: [], problems: [] }
/** Failures that say nothing of the archive. */
const PASSING: readonly string[] = ['CANCELLED', 'NOT_FOUND', 'LOG_CHANGED']

const READERS = new WeakMap<object, SharedReaders<MomentTree>>()

/** The open moments that belong to a process's archive port. */
export function momentReadersOf(archives: object): SharedReaders<MomentTree> {
  const known = READERS.get(archives) ?? new SharedReaders<MomentTree>(OPEN_MAX)
  READERS.set(archives, known)
  return known
}

/**
 * The moment, shared with everybody who looks at the same one in this process. Throws NOT_PREPARED where there is so much to replay that a
 * job has to do it, unless this is one; TxnLogError LOG_GAP, LOG_TOO_SHORT or SNAPSHOT_TOO_NEW, or OUT_OF_REACH, for one that cannot be had.
 */
export async function borrowMoment(context: ServiceContext, id: MomentId): Promise<Borrowed<MomentTree>> {
  const { revision } = await getClusterTarget(context, id.clusterId)
  const key = `${id.clusterId} ${revision} ${formatHex64(id.zxid)}`
  const open = async (signal: AbortSignal) =>
    (await openPrepared(context, id)) ?? (await openMoment({ ...context, signal }, id))
  return momentReadersOf(context.archives).share(key, open, context.signal)
}

/** As above, replayed anew and for the caller alone, who closes it. */
export async function openMoment(
  context: ServiceContext,
  id: MomentId,
  options: { readonly onProgress?: (applied: number) => void } = {},
): Promise<MomentTree> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(context, id, options)
    } catch (error) {
      const isChanged = isArkeeperError(error) && (error.code === 'NOT_FOUND' || error.code === 'LOG_CHANGED')
      if (!isChanged || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

async function openOnce(
  context: ServiceContext,
  { clusterId, zxid }: MomentId,
  options: { readonly onProgress?: (applied: number) => void },
): Promise<MomentTree> {
  const history = await gatherHistory(context, clusterId)
  assertHistory(history)
  if (!context.mayTakeLong) assertQuick(history, zxid)
  const problems = await judgeEnd(context, history, zxid)
  throwIfAborted(context.signal)
  const open = async (history: History) =>
    context.archives.openMoment({
      name: history.clusterName,
      bases: history.bases,
      logs: sourcesOf(history, await findEnds(context, history, zxid)),
      to: zxid,
      signal: context.signal,
      onProgress: options.onProgress,
    })
  const tree = await open(history).catch(async (error: unknown) => {
    const isFault = isArkeeperError(error) && !PASSING.includes(error.code)
    if (!isFault || history.memberLogs.length === 0 || history.archived.segments.length === 0) throw error
    // A piece of the archive may be damaged while the members still hold what is in it.
    const tree = await open({ ...history, archived: NO_ARCHIVE }).catch(() => null)
    if (tree === null) throw error
    problems.push(`The archive of the log could not be followed: the members' own logs were read (${error.message})`)
    return tree
  })
  return {
    reader: chrootedTree(tree, history.chroot),
    proof: toProofView(tree, problems),
    sessions: tree.sessions,
    close: () => tree.close(),
  }
}

/** Of the epochs that end behind the archive, by the members' own logs. */
async function findEnds(context: ServiceContext, history: History, zxid: bigint): Promise<ReadonlyMap<bigint, bigint>> {
  const base = history.bases.find((one) => one.zxid <= zxid)?.zxid ?? 0n
  const archived = history.heardTo ?? 0n
  const after = base > archived ? base : archived
  if (after >= zxid) return new Map()
  const byPlace = Map.groupBy(history.memberLogs, ({ place }) => place)
  return findEpochEnds([...byPlace.values()], { after, to: zxid, signal: context.signal })
}

function assertHistory(history: History): void {
  if (history.bases.length > 0) return
  const why = history.faults.length > 0 ? ` (${history.faults.join('; ')})` : ''
  throw new MomentError('NO_HISTORY', `Nothing of the past of ${history.clusterName} can be read${why}`, {
    unaffected: 'the cluster was not touched',
    remedy: "name its members in the server's configuration file and keep its log (settings, Transaction log)",
  })
}

/** What is behind the end of all that was archived, or heard from the leader, may be proposed and never committed. */
async function judgeEnd(context: ServiceContext, history: History, zxid: bigint): Promise<string[]> {
  if (history.heardTo !== null && zxid <= history.heardTo) return []
  if (history.bases.some((base) => base.zxid === zxid && base.isExact)) return []
  const committed = await findCommitted(context, history.clusterId)
  if (committed === null) {
    return ['The cluster does not answer: the last transactions in its logs may have been proposed and never committed']
  }
  if (zxid <= committed) return []
  throw new MomentError(
    'OUT_OF_REACH',
    `${formatHex64(zxid)} has not happened yet: ${history.clusterName} is at ${formatHex64(committed)}`,
    { unaffected: 'nothing was written', remedy: `give a zxid up to ${formatHex64(committed)}` },
  )
}

function assertQuick(history: History, zxid: bigint): void {
  const bytes = measureReplay(history, zxid)
  if (bytes <= INLINE_BYTES_MAX) return
  throw new MomentError('NOT_PREPARED', `The tree at ${formatHex64(zxid)} takes a while to be made`, {
    unaffected: 'nothing was written',
    remedy: 'open this moment on the page Time travel of the cluster, and have it prepared there',
    details: { bytes },
  })
}

/** Bytes of the base and of the logs that have to be read for it. */
function measureReplay(history: History, zxid: bigint): number {
  const base = history.bases.find((one) => one.zxid <= zxid)
  if (!base) return 0
  const logs = selectLogs(sourcesOf(history), base.zxid).filter((log) => log.zxid <= zxid)
  return logs.reduce((sum, log) => sum + (log.bytes ?? 0), base.bytes ?? 0)
}

function toProofView({ proof }: DataDirReader, problems: readonly string[]): MomentProofView {
  const said = proof.problems.map(({ file, message }) => (file === undefined ? message : `${file}: ${message}`))
  return {
    zxid: formatHex64(proof.zxid),
    exact: proof.exact,
    digest: proof.digest === null ? null : proof.digest.match ? 'match' : 'mismatch',
    base: { name: proof.snapshot.name, zxid: formatHex64(proof.snapshot.zxid) },
    applied: proof.applied,
    kindsKnown: proof.kindsKnown,
    problems: [...problems, ...said],
  }
}
