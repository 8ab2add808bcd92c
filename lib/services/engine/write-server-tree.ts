import type { ArchiveDescription } from '../../adapters/archive/store.ts'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { type PatchEntry, patchStream } from '../../domain/znode/patch-stream.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { ZnodeStream } from '../../domain/znode/znode.ts'
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

/** The roots of a server's tree, and what is above them. `tree`: seen through the cluster's chroot. */
export function streamRoots(
  tree: TreeReader,
  roots: readonly string[],
  options: { readonly signal?: AbortSignal },
): ZnodeStream {
  const scoped = scopedTree(tree, { paths: roots, kind: 'subtrees' })
  return scoped.readSubtree(ROOT, { signal: options.signal, includeSystem: true })
}

/** Writes the roots of a server's tree, as its clients see it, into an archive. */
export function writeServerTree(
  context: EngineContext,
  input: ServerBackupInput,
  made: {
    /** Of the roots; see `streamRoots`. */
    readonly stream: ZnodeStream
    readonly roots: readonly string[]
    /** What is otherwise than the stream has it, in path order. */
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
  const { stream, roots, patch, facts, meter, total } = made
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
