import { basename } from 'node:path'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { EngineContext } from '../context.ts'
import { assertChroot } from './assert-chroot.ts'
import { isArchiveReader } from './read-scope.ts'

const LIVE = 'zk://'

export interface OpenedSource {
  readonly reader: TreeReader
  /** For people and for the hash of a plan. */
  readonly label: string
  /** `client` readers cannot tell container and TTL znodes from persistent ones. */
  readonly isLive: boolean
}

/** The cluster that a SOURCE names, or null when it is a path on this machine. */
export function parseLiveSource(text: string, auth: ClusterTarget['auth']): ClusterTarget | null {
  if (!text.startsWith(LIVE)) return null
  return { connectString: text.slice(LIVE.length), auth: auth ?? [] }
}

/** SOURCE of the command line: `zk://…`, a snapshot file, a data directory or an archive directory. Close the reader afterwards. */
export async function openSource(
  context: EngineContext,
  text: string,
  auth: ClusterTarget['auth'],
): Promise<OpenedSource> {
  const target = parseLiveSource(text, auth)
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
