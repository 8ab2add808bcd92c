import type { ArchiveDescription } from '../../adapters/archive/store.ts'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { type PatchEntry, patchStream } from '../../domain/znode/patch-stream.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { EngineContext } from '../context.ts'
import { splitConnectString } from './connect-string.ts'
import type { ProgressMeter } from './progress.ts'
import { scopedTree } from './scoped-tree.ts'
import type { TakenBackup } from './take-backup.ts'

/** What a backup from a server's own files is asked for, however they were come by. */
export interface ServerBackupInput {
  readonly target: ClusterTarget | null
  readonly clusterName: string
  readonly parentDir: string
  readonly note?: string
}

/** Where the cluster's clients have their root; the server's own where no cluster is named. */
export function chrootOf(target: ClusterTarget | null): string {
  return target === null ? ROOT : splitConnectString(target.connectString).chroot
}

/** Writes the roots of a server's tree, as its clients see it, into an archive. */
export function writeServerTree(
  context: EngineContext,
  input: ServerBackupInput,
  made: {
    /** Seen through the cluster's chroot. */
    readonly tree: TreeReader
    readonly roots: readonly string[]
    /** What is otherwise than the tree has it, in path order. */
    readonly patch: readonly PatchEntry[]
    readonly facts: Pick<
      ArchiveDescription,
      'source' | 'zookeeperVersion' | 'zxid' | 'consistency' | 'unreadable' | 'sessions'
    >
    readonly startedAtMs: number
    readonly meter: ProgressMeter
    /** Znodes to be written, where they were counted before. */
    readonly total: number | null
  },
): Promise<TakenBackup> {
  const { target, clusterName, parentDir, note } = input
  const { roots, patch, facts, meter, total } = made
  const scoped = scopedTree(made.tree, { paths: roots, kind: 'subtrees' })
  const stream = scoped.readSubtree(ROOT, { signal: context.signal, includeSystem: true })
  return context.archives.write({
    parentDir,
    stream: patch.length > 0 ? patchStream(stream, patch) : stream,
    describe: () => ({
      cluster: { name: clusterName, connectString: target?.connectString ?? null, chroot: chrootOf(target) },
      scope: { paths: [...roots], kind: 'subtrees' },
      ...facts,
      ...(note ? { note } : {}),
    }),
    startedAtMs: made.startedAtMs,
    now: () => context.clock.now(),
    signal: context.signal,
    onProgress: ({ phase, znodes, dataBytes }) => {
      const stage = phase === 'writing' ? 'Writing the archive' : 'Reading the archive back'
      meter.report(stage, { done: znodes, total, bytes: dataBytes })
    },
  })
}
