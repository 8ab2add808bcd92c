import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { DataDirReader } from '../../adapters/archive/store.ts'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { countOf } from '../../base/count-of.ts'
import { CancelledError, formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Consistency } from '../../domain/snapshot/manifest.ts'
import { epochOf } from '../../domain/txnlog/continuity.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { EngineContext } from '../context.ts'
import { assertRoots } from './assert-roots.ts'
import { chrootedTree } from './chrooted-tree.ts'
import { splitConnectString } from './connect-string.ts'
import { EngineError } from './errors.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import {
  comparePublished,
  type PublishedComparison,
  type PublishedDigests,
  readPublishedDigests,
} from './published-digests.ts'
import { parseRoots } from './scope.ts'
import type { TakenBackup } from './take-backup.ts'
import { chrootOf, streamRoots, writeServerTree } from './write-server-tree.ts'

export interface BackupMember {
  readonly name: string
  /** Of zoo.cfg: the parent of `version-2`, or that folder itself. */
  readonly dataDir: string
  readonly dataLogDir: string
}

export interface TakeFilesBackupInput {
  readonly members: readonly BackupMember[]
  /** The running cluster: tells what is committed, and the chroot. Without it the end of the logs is believed. */
  readonly target: ClusterTarget | null
  /** Whose published digests the replayed tree is held against on its way; none is fine. */
  readonly admins?: readonly AdminTarget[]
  readonly clusterName: string
  /** Subtrees, relative to the chroot; none means the whole tree. */
  readonly paths: readonly string[]
  readonly parentDir: string
  readonly note?: string
  readonly onProgress?: OnProgress
}

export interface TakenFilesBackup extends TakenBackup {
  /** Of each member that was looked at: what it could give, or why not. The last one was taken. */
  readonly members: readonly { readonly member: string; readonly message: string }[]
  readonly warnings: readonly string[]
}

/**
 * A backup from the directories of servers, running or not: newest sound snapshot and the transaction logs replayed over it, up to what the
 * cluster has committed. Exact, and proved by ZooKeeper's own digest where its servers keep one. Members are asked one after the other until
 * one gives that; nothing is written to any of them. On any failure no archive is left.
 */
export async function takeFilesBackup(context: EngineContext, input: TakeFilesBackupInput): Promise<TakenFilesBackup> {
  const roots = parseRoots(input.paths)
  const startedAtMs = context.clock.now()
  const meter = new ProgressMeter(context.clock, input.onProgress)
  const committed = await findCommitted(context, input.target)
  const published = await readPublishedDigests(context, input.admins ?? [])
  const chosen = await chooseMember(context, input.members, { committed, published, meter })
  try {
    const { proof, sessions } = chosen.reader
    const tree = chrootedTree(chosen.reader, chrootOf(input.target))
    await assertRoots(tree, roots, context.signal)
    const written = await writeServerTree(context, input, {
      stream: streamRoots(tree, roots, context),
      roots,
      patch: [],
      facts: {
        source: 'files',
        zookeeperVersion: committed?.version ?? null,
        zxid: highestZxid(proof),
        consistency: toConsistency(proof),
        unreadable: [],
        sessions,
      },
      startedAtMs,
      meter,
      total: null,
    })
    const warnings = [...proof.problems.map(({ message }) => message), ...doubtsOf(proof.zxid, committed)]
    return { ...written, members: chosen.members, warnings }
  } finally {
    await chosen.reader.close()
  }
}

interface Committed {
  readonly zxid: bigint
  readonly version: string | null
}

/** What a server has answered with is committed; the end of a log may hold more, that a later leader takes back. Null: nobody to ask. */
async function findCommitted(context: EngineContext, target: ClusterTarget | null): Promise<Committed | null> {
  if (target === null) return null
  let connection: ClusterConnection | null = null
  try {
    // Without the chroot: it need not exist for the number to be told.
    const { servers } = splitConnectString(target.connectString)
    connection = await context.zookeeper.connect({ ...target, connectString: servers }, { signal: context.signal })
    return { zxid: await connection.sync(ROOT), version: connection.serverVersion }
  } catch (error) {
    if (error instanceof CancelledError) throw error
    context.log.warn({ error: formatErrorLine(error) }, 'The cluster cannot be asked what it has committed')
    return null
  } finally {
    await connection?.close()
  }
}

/** Within the epoch of what is committed, all before it is. A log that ends in an older one may end with what its leader only proposed. */
function doubtsOf(zxid: bigint, committed: Committed | null): string[] {
  const about = `Whether the cluster has committed the last transactions before ${formatHex64(zxid)} is not known`
  if (committed === null) return [`${about}: it could not be asked`]
  if (epochOf(zxid) >= epochOf(committed.zxid)) return []
  return [
    `${about}: the log ends there, and the cluster has gone on to ${formatHex64(committed.zxid)} under a later leader`,
  ]
}

interface Known {
  readonly committed: Committed | null
  readonly published: PublishedDigests
  readonly meter: ProgressMeter
}

interface Chosen {
  readonly reader: DataDirReader
  readonly members: TakenFilesBackup['members']
}

/** The first member that reaches what is committed with a sound digest; else the one that reaches furthest. */
async function chooseMember(
  context: EngineContext,
  candidates: readonly BackupMember[],
  known: Known,
): Promise<Chosen> {
  const { committed, published } = known
  const told: { member: string; message: string }[] = []
  let best: { reader: DataDirReader; member: string } | null = null
  for (const member of candidates) {
    let reader: DataDirReader
    try {
      reader = await openMember(context, member, known)
    } catch (error) {
      if (error instanceof CancelledError || !isArkeeperError(error)) {
        await best?.reader.close()
        throw error
      }
      told.push({ member: member.name, message: error.message })
      continue
    }
    const { proof } = reader
    const comparison = comparePublished(published, proof.digests)
    told.push({ member: member.name, message: describe(reader, comparison) })
    if (isRefuted(proof) || comparison.firstMismatch !== null) {
      await reader.close()
      continue
    }
    if (best === null || isBetter(proof, best.reader.proof)) {
      await best?.reader.close()
      best = { reader, member: member.name }
    } else await reader.close()
    // With nobody to ask what is committed, each one may be the one that reaches furthest.
    if (proof.exact && committed !== null && proof.zxid >= committed.zxid) break
  }
  if (best === null) throw noMember(told)
  const last = told.find(({ member }) => member === best?.member)
  return { reader: best.reader, members: [...told.filter((one) => one !== last), ...(last ? [last] : [])] }
}

/** A follower may be a moment behind the number that another one has answered with: then it is read as far as it goes. */
async function openMember(
  context: EngineContext,
  { dataDir, dataLogDir }: BackupMember,
  { committed: known, published, meter }: Known,
): Promise<DataDirReader> {
  const committed = known?.zxid ?? null
  const options = {
    logDir: dataLogDir,
    digestsAt: new Set(published.keys()),
    signal: context.signal,
    onProgress: (applied: number) => meter.report('Replaying the transaction log', { done: applied }),
  }
  meter.report('Reading snapshot and logs', { done: 0 })
  if (committed === null) return context.archives.openDataDir(dataDir, options)
  try {
    return await context.archives.openDataDir(dataDir, { ...options, to: committed })
  } catch (error) {
    if (!isArkeeperError(error) || error.code !== 'LOG_TOO_SHORT') throw error
    const reader = await context.archives.openDataDir(dataDir, options)
    if (reader.proof.zxid <= committed) return reader
    // It has caught up meanwhile: now the number can be reached.
    await reader.close()
    return context.archives.openDataDir(dataDir, { ...options, to: committed })
  }
}

type Proof = DataDirReader['proof']

/** The tree is not the servers': its digest was another one, and no later one was equal again. */
function isRefuted({ digest, firstMismatch }: Proof): boolean {
  return digest === null ? firstMismatch !== null : !digest.match
}

function isBetter(a: Proof, b: Proof): boolean {
  if (a.exact !== b.exact) return a.exact
  return a.zxid > b.zxid
}

function describe({ proof }: DataDirReader, published: PublishedComparison): string {
  const { snapshot, applied, digest, exact } = proof
  const firstMismatch = proof.firstMismatch ?? published.firstMismatch
  const base = `${snapshot.name} and ${applied} transactions give ${formatHex64(proof.zxid)}`
  if (isRefuted(proof) || published.firstMismatch !== null) {
    return `${base}, but the tree parts from the servers' digest at ${formatHex64(firstMismatch ?? proof.zxid)}`
  }
  if (!exact) return `${base}, fuzzy: its logs do not reach the end of the snapshot's window`
  const agreed = published.equal > 0 ? `, equal to what the servers publish at ${countOf(published.equal, 'zxid')}` : ''
  return digest ? `${base}, proved by digest${agreed}` : `${base}, gap-free${agreed}`
}

/** What the tree can hold: that of a snapshot as it lies goes to the end of its window, a replayed one to its last transaction. */
function highestZxid({ zxid, snapshot }: Proof): bigint {
  return zxid > snapshot.windowEnd ? zxid : snapshot.windowEnd
}

function toConsistency(proof: Proof): Consistency {
  if (!proof.exact) {
    return {
      class: 'fuzzy',
      from: formatHex64(proof.snapshot.zxid),
      to: formatHex64(highestZxid(proof)),
      moved: [],
      movedReread: false,
      movedKnown: false,
    }
  }
  const at = formatHex64(proof.zxid)
  return { class: 'exact', proof: proof.digest ? 'digest' : 'replay', from: at, to: at, moved: [], movedKnown: true }
}

function noMember(told: readonly { member: string; message: string }[]): EngineError {
  const faults = told.map(({ member, message }) => `${member}: ${message}`).join('; ')
  const isDigest = told.some(({ message }) => message.includes('parts from'))
  return new EngineError(
    isDigest ? 'DIGEST_MISMATCH' : 'BAD_SOURCE',
    `No member's directory gives a tree that can be trusted (${faults || 'no member is named'})`,
    {
      unaffected: 'no archive was made; the directories were only read',
      remedy: isDigest
        ? 'take the backup over the client port, and look at digest_mismatches_count of the servers'
        : "check dataDir and dataLogDir in the server's configuration file, and the rights of the user that Arkeeper runs as",
    },
  )
}
