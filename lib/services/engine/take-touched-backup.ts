import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Consistency } from '../../domain/snapshot/manifest.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { patchStream } from '../../domain/znode/patch-stream.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { UnreadableZnode, Znode, ZnodeStream } from '../../domain/znode/znode.ts'
import type { EngineContext } from '../context.ts'
import { splitConnectString } from './connect-string.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import { readPaths, type TreeScope } from './read-scope.ts'
import { scaffoldingOf, withinAny } from './scope.ts'
import type { TakenBackup } from './take-backup.ts'

export interface TakeTouchedBackupInput {
  readonly connection: ClusterConnection
  readonly connectString: string
  readonly clusterName: string
  /** Exactly these znodes, or these subtrees; one that does not exist is recorded by being in the scope and not in the snapshot. */
  readonly scope: TreeScope
  readonly parentDir: string
  readonly note: string
  readonly onProgress?: OnProgress
}

/** The safety backup of a restore: what it will touch, as it is now, in an archive like any other. */
export async function takeTouchedBackup(context: EngineContext, input: TakeTouchedBackupInput): Promise<TakenBackup> {
  const { connection } = input
  const { scope } = input
  const meter = new ProgressMeter(context.clock, input.onProgress)
  const unreadable: UnreadableZnode[] = []
  // Sessions are opened before the window of the backup, in which nothing of ours may be written.
  await connection.prepareReads?.({ signal: context.signal })
  const from = await connection.sync(ROOT)
  const tree = await openScope(connection, scope, context.signal)

  return context.archives.write({
    parentDir: input.parentDir,
    holds: tree.holds,
    stream: patchStream(noteUnreadable(tree, unreadable), []),
    describe: async () => {
      const to = await connection.sync(ROOT)
      return {
        cluster: {
          name: input.clusterName,
          connectString: input.connectString,
          chroot: splitConnectString(input.connectString).chroot,
        },
        source: 'client',
        zookeeperVersion: connection.serverVersion,
        scope: { paths: [...scope.paths], kind: scope.kind },
        zxid: to,
        consistency: consistencyOf(from, to),
        unreadable: unreadable.map((place) => place.path),
        note: input.note,
      }
    },
    startedAtMs: context.clock.now(),
    now: () => context.clock.now(),
    signal: context.signal,
    onProgress: ({ znodes, dataBytes }) =>
      meter.report('Taking the safety backup', { done: znodes, total: tree.total, bytes: dataBytes }),
  })
}

interface ScopeReading {
  readonly stream: ZnodeStream
  readonly holds: (path: string) => boolean
  /** Null where it is not known beforehand. */
  readonly total: number | null
}

async function openScope(
  connection: ClusterConnection,
  scope: TreeScope,
  signal: AbortSignal | undefined,
): Promise<ScopeReading> {
  const scaffolding = scaffoldingOf(scope.paths)
  if (scope.kind === 'touched') {
    const touched = new Set(scope.paths)
    const wanted = [...scope.paths, ...scaffolding].sort(comparePaths)
    return {
      stream: readPaths(connection, wanted, { signal }),
      holds: (path) => touched.has(path),
      total: wanted.length,
    }
  }
  const readings = await connection.readMany(scope.paths, { signal })
  const present = scope.paths.filter((_path, at) => readings[at]?.kind !== 'missing')
  return {
    // The walk brings the ancestors of its roots along; where it has none, they are all that there is.
    stream:
      present.length > 0
        ? connection.walk(present, { signal, includeSystem: true }).stream
        : readPaths(connection, scaffolding, { signal }),
    holds: withinAny(scope.paths),
    total: null,
  }
}

/**
 * What cannot be read above the scope is no part of it: a place holder stands there, as in a walk. Without one, a tree would have no room
 * for what lies below and was read; as an unreadable place, it would hide what was not there.
 */
async function* noteUnreadable({ stream, holds }: ScopeReading, unreadable: UnreadableZnode[]): ZnodeStream {
  for await (const batch of stream) {
    const held = batch.unreadable.filter(({ path }) => holds(path))
    unreadable.push(...held)
    const closed = batch.unreadable.filter(({ path }) => !holds(path)).map(({ path }) => placeHolderAt(path))
    const znodes =
      closed.length === 0 ? batch.znodes : [...batch.znodes, ...closed].sort((a, b) => comparePaths(a.path, b.path))
    yield { znodes, unreadable: held }
  }
}

function placeHolderAt(path: string): Znode {
  const times = { ctime: 0, mtime: 0, version: 0, cversion: 0, aversion: 0 }
  const stat = { czxid: 0n, mzxid: 0n, pzxid: 0n, ephemeralOwner: 0n, ...times }
  return { path, data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null, stat }
}

/** No reply shows less than the first sync and none more than the last: equal zxids at both ends mean that nothing was written between. */
function consistencyOf(from: bigint, to: bigint): Consistency {
  const window = { from: formatHex64(from), to: formatHex64(to), moved: [] }
  return from === to
    ? { class: 'exact', proof: 'quiet', ...window, movedKnown: true }
    : { class: 'fuzzy', ...window, movedReread: false, movedKnown: false }
}
