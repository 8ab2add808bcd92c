import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { Change } from '../../domain/diff/change.ts'
import { ancestorsOf } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { ServiceContext } from '../context.ts'
import { diffSources } from '../engine/diff-sources.ts'
import type { PhysicalDifference, PhysicalReport } from './views.ts'

const LISTED_MAX = 200

export interface VerifyInput {
  readonly archiveDir: string
  readonly target: ClusterTarget
  /** Each is compared by itself; none: whichever server the connect string leads to. */
  readonly servers: readonly { readonly name: string; readonly client: string }[]
  readonly fileZxid: bigint
  readonly onProgress?: (server: string, compared: number) => void
}

/**
 * A fresh comparison of the archive with what each server serves. Ephemerals belong to sessions and are left out; a kind that the client
 * port does not show differs from nothing. What clients wrote since the start has a higher zxid than the file and is counted apart, as are
 * containers and TTL znodes that are gone: a server removes these by itself.
 */
export async function verifyPhysical(context: ServiceContext, input: VerifyInput): Promise<PhysicalReport> {
  const startedAt = performance.now()
  const tally = { compared: 0, differenceCount: 0, writtenSince: 0, expired: 0 }
  const differences: PhysicalDifference[] = []
  const places =
    input.servers.length > 0 ? input.servers : [{ name: 'the cluster', client: input.target.connectString }]
  for (const { name, client } of places) {
    const connection = await context.zookeeper.connect(
      { ...input.target, connectString: client },
      { signal: context.signal },
    )
    const archive = await context.archives.open(input.archiveDir)
    try {
      await connection.sync('/')
      const diff = diffSources({ left: archive, right: connection, path: '/', signal: context.signal })
      for await (const changes of diff.changes) {
        for (const change of changes) {
          const reason = await explain(change, connection, input.fileZxid)
          if (reason !== null) tally[reason]++
          else {
            tally.differenceCount++
            if (differences.length < LISTED_MAX)
              differences.push({ path: change.path, change: change.change, server: name })
          }
        }
        input.onProgress?.(name, tally.compared + diff.counts().compared)
      }
      tally.compared += diff.counts().compared
    } finally {
      await archive.close()
      await connection.close()
    }
  }
  const durationMs = Math.round(performance.now() - startedAt)
  return { ...tally, differences, servers: places.map(({ name }) => name), durationMs }
}

async function explain(
  { path, change, before, after }: Change,
  live: TreeReader,
  fileZxid: bigint,
): Promise<'writtenSince' | 'expired' | null> {
  if (change === 'removed' && (before?.kind === 'container' || before?.kind === 'ttl')) return 'expired'
  if (after !== null) {
    const { czxid, mzxid, aversion } = after.stat
    const isAclSince = before !== null && aversion > before.stat.aversion && mzxid <= fileZxid
    return czxid > fileZxid || mzxid > fileZxid || isAclSince ? 'writtenSince' : null
  }
  // Gone: the nearest ancestor that is left shows when it last lost or got a child.
  for (const ancestor of ancestorsOf(path).toReversed()) {
    const reading = await live.get(ancestor)
    if (reading.kind === 'found') return reading.znode.stat.pzxid > fileZxid ? 'writtenSince' : null
  }
  return null
}
