import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Consistency } from '../../domain/snapshot/manifest.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { patchStream } from '../../domain/znode/patch-stream.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { UnreadableZnode, ZnodeStream } from '../../domain/znode/znode.ts'
import type { EngineContext } from '../context.ts'
import { splitConnectString } from './connect-string.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import { readPaths } from './read-scope.ts'
import { scaffoldingOf } from './scope.ts'
import type { TakenBackup } from './take-backup.ts'

export interface TakeTouchedBackupInput {
  readonly connection: ClusterConnection
  readonly connectString: string
  readonly clusterName: string
  /** Exactly these znodes; one that does not exist is recorded by being in the scope and not in the snapshot. */
  readonly paths: readonly string[]
  readonly parentDir: string
  readonly note: string
  readonly onProgress?: OnProgress
}

/** The safety backup of a restore: what it will touch, as it is now, in an archive like any other. */
export async function takeTouchedBackup(context: EngineContext, input: TakeTouchedBackupInput): Promise<TakenBackup> {
  const { connection } = input
  const touched = [...new Set(input.paths)].sort(comparePaths)
  const isTouched = new Set(touched)
  const wanted = [...touched, ...scaffoldingOf(touched)].sort(comparePaths)
  const meter = new ProgressMeter(context.clock, input.onProgress)
  const unreadable: UnreadableZnode[] = []
  // Sessions are opened before the window of the backup, in which nothing of ours may be written.
  await connection.prepareReads?.({ signal: context.signal })
  const from = await connection.sync(ROOT)

  return context.archives.write({
    parentDir: input.parentDir,
    holds: (path) => isTouched.has(path),
    stream: patchStream(noteUnreadable(readPaths(connection, wanted, { signal: context.signal }), unreadable), []),
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
        scope: { paths: touched, kind: 'touched' },
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
      meter.report('Taking the safety backup', { done: znodes, total: wanted.length, bytes: dataBytes }),
  })
}

async function* noteUnreadable(stream: ZnodeStream, unreadable: UnreadableZnode[]): ZnodeStream {
  for await (const batch of stream) {
    unreadable.push(...batch.unreadable)
    yield batch
  }
}

/** No reply shows less than the first sync and none more than the last: equal zxids at both ends mean that nothing was written between. */
function consistencyOf(from: bigint, to: bigint): Consistency {
  const window = { from: formatHex64(from), to: formatHex64(to), moved: [] }
  return from === to
    ? { class: 'exact', proof: 'quiet', ...window, movedKnown: true }
    : { class: 'fuzzy', ...window, movedReread: false, movedKnown: false }
}
