import { basename } from 'node:path'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { EngineContext } from '../context.ts'
import { assertChroot } from './assert-chroot.ts'
import { isArchiveReader } from './read-scope.ts'

const LIVE = 'zk://'

/** Who we are to a cluster, and how it is spoken to. */
export type ClusterAccess = Pick<ClusterTarget, 'auth' | 'tls'>

export interface OpenedSource {
  readonly reader: TreeReader
  /** For people and for the hash of a plan. */
  readonly label: string
  /** `client` readers cannot tell container and TTL znodes from persistent ones. */
  readonly isLive: boolean
}

/** The cluster that a SOURCE names, or null when it is a path on this machine. */
export function parseLiveSource(text: string, access: ClusterAccess): ClusterTarget | null {
  if (!text.startsWith(LIVE)) return null
  return { connectString: text.slice(LIVE.length), auth: access.auth ?? [], tls: access.tls }
}

/** SOURCE of the command line: `zk://…`, a snapshot file, a data directory or an archive directory. Close the reader afterwards. */
export async function openSource(context: EngineContext, text: string, access: ClusterAccess): Promise<OpenedSource> {
  const target = parseLiveSource(text, access)
  if (target) {
    const reader = await context.zookeeper.connect(target, { signal: context.signal })
    try {
      await assertChroot(reader, target.connectString, context.signal)
    } catch (error) {
      await reader.close()
      throw error
    }
    return { reader, label: target.connectString, isLive: true }
  }
  const reader = await context.archives.openPath(text, { signal: context.signal })
  const label = isArchiveReader(reader) ? `backup ${basename(reader.dir)}` : basename(text)
  return { reader, label, isLive: false }
}
