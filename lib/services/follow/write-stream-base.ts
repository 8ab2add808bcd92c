import { formatHex64 } from '../../base/hex64.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'

/**
 * A snapshot of the stream as an archive beside the logs: what every other archive is, and no backup of anybody. No list of backups shows it,
 * no keep rule counts it; it goes with the logs that are told from it.
 */
export async function writeStreamBase(
  context: Pick<ServiceContext, 'archives' | 'clock' | 'signal'>,
  input: {
    /** A native snapshot, exact, in path order. */
    readonly path: string
    readonly zxid: bigint
    readonly cluster: { readonly name: string }
    readonly parentDir: string
  },
): Promise<void> {
  const { archives, clock, signal } = context
  const { path, zxid, cluster, parentDir } = input
  const startedAtMs = clock.now()
  const hex = formatHex64(zxid)
  const native = await archives.openNative(path, { signal })
  try {
    await archives.write({
      parentDir,
      stream: native.reader.readSubtree(ROOT, { includeSystem: true, signal }),
      describe: () => ({
        // The whole tree of the servers, whatever part of it the cluster is shown from.
        cluster: { name: cluster.name, connectString: null, chroot: ROOT },
        source: 'observer',
        zookeeperVersion: null,
        scope: { paths: [ROOT], kind: 'subtrees' },
        zxid,
        consistency: { class: 'exact', proof: 'replay', from: hex, to: hex, moved: [], movedKnown: true },
        unreadable: [],
        sessions: native.sessions,
      }),
      startedAtMs,
      now: () => clock.now(),
      signal,
    })
  } finally {
    await native.reader.close()
  }
}
