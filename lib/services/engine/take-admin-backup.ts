import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import { AdminServerError } from '../../adapters/adminserver/errors.ts'
import type { NativeSnapshot } from '../../adapters/archive/store.ts'
import type { ClusterConnection, ClusterTarget, MoveFeed } from '../../adapters/zookeeper/connection.ts'
import { CancelledError, formatErrorLine } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Consistency } from '../../domain/snapshot/manifest.ts'
import type { PatchEntry } from '../../domain/znode/patch-stream.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { EngineContext } from '../context.ts'
import { assertChroot } from './assert-chroot.ts'
import { assertRoots } from './assert-roots.ts'
import { chrootedTree } from './chrooted-tree.ts'
import { judgeNativeSnapshot } from './native-facts.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import { readAdminFacts } from './read-admin-facts.ts'
import { readRoots } from './read-scope.ts'
import { rereadMoves, ZxidLedger } from './reread-moves.ts'
import { intersectRoots, parseRoots } from './scope.ts'
import { withStagingDir } from './staging.ts'
import { findStaleEntries } from './stale-entries.ts'
import { MOVED_LISTED_MAX, QUOTA_ROOT, type TakenBackup } from './take-backup.ts'
import { chrootOf, streamRoots, writeServerTree } from './write-server-tree.ts'

export interface TakeAdminBackupInput {
  /** AdminServers of the cluster's members; the one that has applied most is asked. */
  readonly admins: readonly AdminTarget[]
  /** The client port, to read again what moves meanwhile. Without it a busy server's snapshot stays fuzzy. */
  readonly target: ClusterTarget | null
  readonly clusterName: string
  /** Subtrees, relative to the chroot; none means the whole tree. */
  readonly paths: readonly string[]
  readonly parentDir: string
  readonly note?: string
  readonly onProgress?: OnProgress
}

export interface TakenAdminBackup extends TakenBackup {
  /** What people should know of the server that gave the snapshot. */
  readonly warnings: readonly string[]
}

/** A snapshot whose window is empty needs nothing else; each further try is one more snapshot file on the server's disk. */
const ATTEMPTS_MAX = 3

/**
 * A backup through the AdminServer of ZooKeeper 3.9+: the server's own snapshot, with kinds and sessions that no client sees. Exact when
 * nothing was applied while it was written, proved by the digest where the server has one; else what moved is read again over the
 * client port; else it is labelled fuzzy, with its window. On any failure no archive is left.
 */
export async function takeAdminBackup(context: EngineContext, input: TakeAdminBackupInput): Promise<TakenAdminBackup> {
  const roots = parseRoots(input.paths)
  const startedAtMs = context.clock.now()
  const { admin, facts } = await chooseServer(context, input.admins)
  const client = await openClient(context, input.target, roots)
  try {
    return await withStagingDir(input.parentDir, async (staging) => {
      const meter = new ProgressMeter(context.clock, input.onProgress)
      const taken = await takeSnapshot({ context, admin, staging, meter, client })
      try {
        const tree = chrootedTree(taken.native.reader, chrootOf(input.target))
        await assertRoots(tree, roots, context.signal)
        const { zxid, consistency, unreadable, patch } = await settle({ context, client, taken, tree, roots, meter })
        const { sessions, znodes } = taken.native
        const written = await writeServerTree(context, input, {
          stream: streamRoots(tree, roots, context),
          roots,
          patch,
          facts: { source: 'admin', zookeeperVersion: facts.version, zxid, consistency, unreadable, sessions },
          startedAtMs,
          meter,
          total: znodes,
        })
        return { ...written, warnings: facts.warnings }
      } finally {
        await taken.native.reader.close()
      }
    })
  } finally {
    await client?.feed?.close()
    await client?.connection.close()
  }
}

interface Client {
  readonly connection: ClusterConnection
  readonly feed: MoveFeed | null
}

/** Of those that answer, the one that has applied most: a follower behind would give an older state. */
async function chooseServer(context: EngineContext, admins: readonly AdminTarget[]) {
  const answers = await Promise.allSettled(
    admins.map(async (admin) => ({ admin, facts: await readAdminFacts(context, admin) })),
  )
  const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  const best = known.reduce<(typeof known)[number] | null>(
    (most, one) => (most === null || one.facts.zxid > most.facts.zxid ? one : most),
    null,
  )
  if (best !== null) return best
  const failed = answers.find((answer) => answer.status === 'rejected')
  if (failed) throw failed.reason
  throw new AdminServerError('ADMIN_BAD_URL', 'There is no AdminServer to ask', {
    unaffected: 'nothing was read',
    remedy: "give the AdminServer's address, for example http://host:8080",
  })
}

/** Without the client port a backup is still possible, so that a failure here is a line in the log, not the end. */
async function openClient(
  context: EngineContext,
  target: ClusterTarget | null,
  roots: readonly string[],
): Promise<Client | null> {
  if (target === null) return null
  let connection: ClusterConnection
  try {
    connection = await context.zookeeper.connect(target, { signal: context.signal })
  } catch (error) {
    if (error instanceof CancelledError) throw error
    context.log.warn(
      { error: formatErrorLine(error) },
      'The client port cannot be used; what moves will not be read again',
    )
    return null
  }
  try {
    await assertChroot(connection, target.connectString, context.signal)
    // Bulk sessions are opened before the window: opening one is a transaction too.
    await connection.prepareReads?.({ signal: context.signal })
    return { connection, feed: (await connection.followMoves?.(roots, { signal: context.signal })) ?? null }
  } catch (error) {
    await connection.close()
    throw error
  }
}

interface TakenSnapshot {
  readonly native: NativeSnapshot
  readonly judgement: ReturnType<typeof judgeNativeSnapshot>
}

/** Tries again only where that may help: a fuzzy snapshot that nobody can correct, or one from before the watch was armed. */
async function takeSnapshot(work: {
  context: EngineContext
  admin: AdminTarget
  staging: string
  meter: ProgressMeter
  client: Client | null
}): Promise<TakenSnapshot> {
  const { context, admin, staging, client } = work
  let last: TakenSnapshot | null = null
  for (let attempt = 1; ; attempt++) {
    let file: { path: string; startZxid: bigint }
    try {
      file = await download(work, join(staging, `snapshot-${attempt}`))
    } catch (error) {
      if (last !== null && error instanceof AdminServerError && error.code === 'ADMIN_RATE_LIMITED') return last
      await last?.native.reader.close()
      throw error
    }
    const native = await context.archives.openNative(file.path, {
      signal: context.signal,
      onProgress: (znodes, bytes) => work.meter.report('Checking the snapshot', { done: znodes, bytes }),
    })
    await last?.native.reader.close()
    try {
      last = { native, judgement: judgeNativeSnapshot(native, file.startZxid) }
    } catch (error) {
      await native.reader.close()
      throw error
    }
    const { judgement } = last
    if (judgement.kind === 'exact' || attempt === ATTEMPTS_MAX) return last
    if (client?.feed && client.feed.armedAt <= judgement.from) return last
    context.log.info({ attempt, server: admin.url }, 'The snapshot is fuzzy; another one is asked for')
  }
}

async function download(
  { context, admin, meter }: { context: EngineContext; admin: AdminTarget; meter: ProgressMeter },
  path: string,
): Promise<{ path: string; startZxid: bigint }> {
  meter.report('Waiting for the server to write its snapshot', { done: 0 })
  const snapshot = await context.adminServers.takeSnapshot(admin, { signal: context.signal })
  let received = 0
  async function* counted() {
    for await (const chunk of snapshot.body) {
      received += chunk.length
      meter.report('Receiving the snapshot', { done: received, total: snapshot.bytes, bytes: received })
      yield chunk
    }
  }
  await pipeline(counted, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal: context.signal })
  return { path, startZxid: snapshot.lastZxid }
}

interface Settled {
  readonly zxid: bigint
  readonly consistency: Consistency
  readonly patch: readonly PatchEntry[]
  readonly unreadable: readonly string[]
}

/** Makes the snapshot one state where that is possible, and says how sure it is. */
async function settle(work: {
  context: EngineContext
  client: Client | null
  taken: TakenSnapshot
  tree: TreeReader
  roots: readonly string[]
  meter: ProgressMeter
}): Promise<Settled> {
  const { context, client, taken, tree, roots, meter } = work
  const { judgement, native } = taken
  if (judgement.kind === 'exact') return { ...judgement, patch: [], unreadable: [] }
  const { from, to } = judgement
  const feed = client?.feed ?? null
  if (client === null || feed === null || feed.armedAt > from) {
    const consistency: Consistency = {
      class: 'fuzzy',
      from: formatHex64(from),
      to: formatHex64(to),
      moved: [],
      movedReread: false,
      movedKnown: false,
    }
    return { zxid: to, consistency, patch: [], unreadable: [] }
  }

  const ledger = new ZxidLedger(from)
  const silent: string[] = []
  for await (const batch of native.reader.readSubtree(ROOT, { signal: context.signal, includeSystem: true })) {
    for (const znode of batch.znodes) ledger.note(znode)
  }
  const quota = intersectRoots(roots, QUOTA_ROOT)
  for await (const batch of readRoots(tree, quota, { signal: context.signal, includeSystem: true })) {
    for (const { path } of batch.znodes) silent.push(path)
  }
  const reread = await rereadMoves({
    connection: client.connection,
    feed,
    roots,
    from,
    to,
    silent,
    ledger,
    signal: context.signal,
    onRound: ({ moved }) => meter.report('Reading again what moved', { done: moved }),
  })
  const patch = await findStaleEntries(tree, await withNativeKinds(tree, reread.patch, context.signal), context)
  const window = {
    from: formatHex64(from),
    to: formatHex64(reread.to),
    moved: reread.moved.slice(0, MOVED_LISTED_MAX),
    movedReread: reread.settled,
    movedKnown: reread.movedKnown && reread.moved.length <= MOVED_LISTED_MAX,
  }
  const isExact = reread.settled && window.movedKnown && ledger.accountsFor(from, reread.to)
  return {
    zxid: reread.to,
    consistency: isExact ? { class: 'exact', proof: 'converged', ...window } : { class: 'fuzzy', ...window },
    patch,
    unreadable: reread.unreadable.map((place) => place.path),
  }
}

/** A client sees neither container nor TTL: what the snapshot knows of the same znode (same czxid) stays true, for a kind never changes. */
async function withNativeKinds(
  tree: Pick<TreeReader, 'get'>,
  patch: readonly PatchEntry[],
  signal: AbortSignal | undefined,
): Promise<PatchEntry[]> {
  const entries: PatchEntry[] = []
  for (const entry of patch) {
    const { path, znode } = entry
    const native = znode === null ? null : await tree.get(path, { signal })
    if (znode === null || native?.kind !== 'found' || native.znode.stat.czxid !== znode.stat.czxid) {
      entries.push(entry)
      continue
    }
    const { kind, ttlMs, stat } = native.znode
    const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion } = znode.stat
    const { ephemeralOwner } = stat
    const seen = { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner }
    entries.push({ path, znode: { path, data: znode.data, acl: znode.acl, kind, ttlMs, stat: seen } })
  }
  return entries
}
