import type { LogSegments } from '../../adapters/archive/log-archive.ts'
import type { BaseFile } from '../../adapters/archive/store.ts'
import type { Member } from '../../adapters/members/members.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import { areKindsKnown, type Manifest, manifestSchema } from '../../domain/snapshot/manifest.ts'
import { epochOf } from '../../domain/txnlog/continuity.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { ROOT } from '../../domain/znode/path.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { listClusterBases } from '../logs/cluster-bases.ts'
import { type ClusterLogs, openLogs } from '../logs/cluster-logs.ts'
import { findMissedEnds, type MissedEnd } from '../logs/find-missed.ts'
import { logFolder } from '../logs/log-folder.ts'
import { type ArchiveSource, openArchiveFolder, withArchive } from '../stores/archive-folder.ts'
import { getStore } from '../stores/find-store.ts'

/** Everything that a cluster's past can be told from. */
export interface History {
  readonly clusterId: string
  readonly clusterName: string
  readonly chroot: string
  /** Goes up when the cluster is edited: it may be another one then. */
  readonly revision: number
  /** In the order in which they are tried: those that know all kinds first, each group newest first. */
  readonly bases: readonly HistoryBase[]
  readonly logs: ClusterLogs
  readonly archived: LogSegments
  /** Open ends of the archive, which the stream of a followed cluster fills. All that they hold was committed. */
  readonly tails: readonly LogSource[]
  /** Up to here everything was committed, and is archived or in a tail; null: nothing is. */
  readonly heardTo: bigint | null
  /** What no number of the archive shows to be missing. */
  readonly missed: readonly MissedEnd[]
  readonly memberLogs: readonly LogSource[]
  readonly members: readonly string[]
  /** What could not be looked at, in words. */
  readonly faults: readonly string[]
}

export interface HistoryBase extends BaseFile {
  /** When it was taken, where the catalog says it. */
  readonly takenAtMs: number | null
  /** Left by the stream of a followed cluster, beside the logs that it serves. */
  readonly isOfStream?: true
}

/** Backups that are looked at; each is a row and one small file. */
const BACKUPS_MAX = 200
const ANSWER_TIMEOUT_MS = 3_000

/** Lists what there is; reads no log and no snapshot. A member or archive that cannot be read is told in `faults`. */
export async function gatherHistory(context: ServiceContext, clusterId: string): Promise<History> {
  const { clusterName, connectString, revision } = await getClusterTarget(context, clusterId)
  const { chroot } = splitConnectString(connectString)
  const faults: string[] = []
  // Before the pieces: what is put into one meanwhile is then found in both.
  const tails = await context.archives.logs.tails(logFolder(context, clusterName))
  const logs = await openLogs(context, { id: clusterId, name: clusterName })
  const { archived } = logs
  faults.push(...archived.problems.map(({ file, message }) => (file === undefined ? message : `${file}: ${message}`)))
  const members = await membersOf(context, clusterId, faults)
  const found = await listOfMembers(context, members, faults)
  const backups = await listBackupBases(context, clusterId, faults)
  const ofStream = await listStreamBases(context, { id: clusterId, name: clusterName }, faults)
  const bases = [...found.bases, ...backups, ...ofStream].sort((a, b) =>
    isLastResort(a) === isLastResort(b) ? (a.zxid < b.zxid ? 1 : a.zxid > b.zxid ? -1 : 0) : isLastResort(a) ? 1 : -1,
  )
  return {
    clusterId,
    clusterName,
    chroot,
    revision,
    bases,
    logs,
    archived,
    tails,
    heardTo: await findHeardTo(context, clusterId, { archived, tails }),
    missed: await findMissedEnds(context, clusterId),
    memberLogs: found.logs,
    members: members.map(({ name }) => name),
    faults,
  }
}

const isLastResort = (base: BaseFile) => base.kindsKnown === false

/**
 * All logs, archived and of members, as one history. Where the archive goes on without a gap it is believed alone, since it was held against
 * what was committed: a member that was left behind by an election may still hold what its leader only proposed. `ends`: as findEpochEnds
 * gives them, for what lies behind the archive.
 */
export function sourcesOf(
  history: Pick<History, 'logs' | 'archived' | 'tails' | 'heardTo' | 'missed' | 'memberLogs'>,
  ends: ReadonlyMap<bigint, bigint> = new Map(),
): LogSource[] {
  const { tails, heardTo } = history
  const { segments, gaps } = history.archived
  const [first, last] = [segments[0]?.first ?? 0n, segments.at(-1)?.last ?? -1n]
  const open = tails[0]?.zxid ?? null
  const isArchived = (zxid: bigint) =>
    zxid >= first && zxid <= last && !gaps.some(({ after, before }) => zxid > after && zxid < before)
  const isHeard = (zxid: bigint) => open !== null && heardTo !== null && zxid >= open && zxid <= heardTo
  const accepts = (zxid: bigint) => !isArchived(zxid) && !isHeard(zxid) && zxid <= (ends.get(epochOf(zxid)) ?? zxid)
  const memberLogs = history.memberLogs.map((log) => ({ ...log, accepts }))
  const missedBelow = history.missed.map(({ to }) => to)
  const own = [...history.logs.sources(segments), ...tails].map((log) => ({ ...log, missedBelow }))
  return [...own, ...memberLogs]
}

/** The stream is believed as far as its row says that it was flushed, or the archive goes; a row of a former life of the archive says nothing. */
async function findHeardTo(
  context: ServiceContext,
  clusterId: string,
  { archived, tails }: Pick<History, 'archived' | 'tails'>,
): Promise<bigint | null> {
  const last = archived.segments.at(-1)?.last ?? null
  if (tails.length === 0) return last
  const row = await context.db.clusterFollow.findUnique({ where: { clusterId }, select: { lastZxid: true } })
  const flushed = row?.lastZxid ?? null
  return last === null || (flushed !== null && flushed > last) ? flushed : last
}

/** The last transaction that the cluster has answered with: logs may hold some that were proposed and never committed. Null: no answer. */
export async function findCommitted(context: ServiceContext, clusterId: string): Promise<bigint | null> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  const signal = context.signal ? AbortSignal.any([context.signal, timeout]) : timeout
  try {
    const connection = await context.sessions.borrow(clusterId, { signal })
    return await connection.sync(ROOT)
  } catch (error) {
    throwIfAborted(context.signal)
    if (!isArkeeperError(error)) throw error
    return null
  }
}

/** A configuration file with faults hides the members, not what is archived. */
async function membersOf(
  context: ServiceContext,
  clusterId: string,
  faults: string[],
): Promise<readonly Pick<Member, 'name' | 'dataDir' | 'dataLogDir'>[]> {
  try {
    return await listClusterMembers(context, clusterId)
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    faults.push(error.message)
    return []
  }
}

async function listOfMembers(
  context: ServiceContext,
  members: readonly Pick<Member, 'name' | 'dataDir' | 'dataLogDir'>[],
  faults: string[],
) {
  const bases: HistoryBase[] = []
  const logs: LogSource[] = []
  for (const { name, dataDir, dataLogDir } of members) {
    throwIfAborted(context.signal)
    try {
      const snapshots = await context.archives.memberSnapshots(dataDir)
      bases.push(...snapshots.map((one) => ({ ...one, name: `${name}: ${one.name}`, takenAtMs: null })))
      const found = await context.archives.logs.memberLogs(dataLogDir)
      logs.push(...found.map((log) => ({ ...log, name: `${name}: ${log.name}`, place: `member ${name}` })))
    } catch (error) {
      if (!isArkeeperError(error)) throw error
      faults.push(`${name}: ${error.message}`)
    }
  }
  return { bases, logs }
}

/** Snapshots that the stream of a followed cluster has left beside its logs: each from the best of its places that answers. */
async function listStreamBases(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  faults: string[],
): Promise<HistoryBase[]> {
  const bases: HistoryBase[] = []
  for (const { zxid, takenAtMs, places } of await listClusterBases(context, cluster)) {
    const name = `base at ${formatHex64(zxid)}`
    let fault: string | null = null
    for (const { storeId, dir, manifest } of places) {
      try {
        bases.push({ ...(await baseOf(context, { storeId, dir }, manifest)), name, takenAtMs, isOfStream: true })
        fault = null
        break
      } catch (error) {
        if (!isArkeeperError(error)) throw error
        fault ??= `${name}: ${error.message}`
      }
    }
    if (fault !== null) faults.push(fault)
  }
  return bases
}

/**
 * Backups that are the whole tree at one zxid. Of a cluster with a chroot they are a part of the server's tree, over which its logs cannot
 * be replayed.
 */
/** One that lies in a bucket is fetched only when it is the one that is needed. */
async function baseOf(
  context: ServiceContext,
  place: ArchiveSource,
  manifest: Manifest,
): Promise<Omit<BaseFile, 'name'>> {
  const store = await getStore(context, place.storeId)
  if (store.kind === 'folder') return withArchive(context, place, (dir) => context.archives.archiveBase(dir))
  const file = manifest.files.find(({ name }) => name.startsWith('snapshot.'))
  return {
    path: '',
    zxid: parseHex64(manifest.zxid) ?? 0n,
    bytes: file?.bytes ?? 0,
    isExact: manifest.consistency.class === 'exact',
    kindsKnown: areKindsKnown(manifest),
    fetch: async () => {
      const folder = await openArchiveFolder(context, place)
      try {
        return { path: (await context.archives.archiveBase(folder.dir)).path, release: folder.release }
      } catch (error) {
        await folder.release()
        throw error
      }
    },
  }
}

async function listBackupBases(context: ServiceContext, clusterId: string, faults: string[]): Promise<HistoryBase[]> {
  const rows = await context.db.backup.findMany({
    where: {
      clusterId,
      deletedAt: null,
      purpose: { not: 'safety' },
      status: 'complete',
      consistency: 'exact',
      // Maybe of another cluster, over which these logs must not be replayed.
      source: { not: 'import' },
    },
    orderBy: { zxid: 'desc' },
    take: BACKUPS_MAX,
    select: { id: true, storeId: true, dir: true, takenAt: true, manifest: true },
  })
  const bases: HistoryBase[] = []
  for (const { takenAt, manifest: stored, ...place } of rows) {
    const manifest = manifestSchema.safeParse(stored).data
    if (!manifest) continue
    const { scope, cluster, fidelity, encryption } = manifest
    const isWhole = scope.kind === 'subtrees' && scope.paths.length === 1 && scope.paths[0] === ROOT
    if (!isWhole || cluster.chroot !== ROOT || fidelity.unreadable.length + fidelity.maskedAcl.length > 0) continue
    // After a rescan only the number is known.
    if (encryption !== undefined && encryption.hidden.unreadable + encryption.hidden.maskedAcl > 0) continue
    const name = `backup of ${takenAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`
    try {
      const base = await baseOf(context, place, manifest)
      bases.push({ ...base, name, takenAtMs: takenAt.getTime() })
    } catch (error) {
      if (!isArkeeperError(error)) throw error
      faults.push(`${name}: ${error.message}`)
    }
  }
  return bases
}
