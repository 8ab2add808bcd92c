import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import { CancelledError, formatErrorLine } from '../../base/errors.ts'
import type { EngineContext } from '../context.ts'
import { toAdminObject } from './read-admin-facts.ts'

/** Zxid → digest of the tree at it, unsigned. ZooKeeper 3.6+ remembers the last 1024 of the zxids that 128 divides. */
export type PublishedDigests = ReadonlyMap<bigint, bigint>

/** What the members' AdminServers publish by `hash`. One that does not answer, or knows no such command, is left out: the log has digests too. */
export async function readPublishedDigests(
  context: Pick<EngineContext, 'adminServers' | 'log' | 'signal'>,
  admins: readonly AdminTarget[],
): Promise<PublishedDigests> {
  const published = new Map<bigint, bigint>()
  await Promise.all(
    admins.map(async (admin) => {
      try {
        const { digests } = await context.adminServers.ask(admin, 'hash', { signal: context.signal })
        for (const entry of Array.isArray(digests) ? digests : []) {
          const { zxid, digest } = toAdminObject(entry) ?? {}
          if (isWhole(zxid) && isWhole(digest)) published.set(BigInt(zxid), BigInt.asUintN(64, BigInt(digest)))
        }
      } catch (error) {
        if (error instanceof CancelledError) throw error
        context.log.info({ server: admin.url, error: formatErrorLine(error) }, 'An AdminServer published no digests')
      }
    }),
  )
  return published
}

function isWhole(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

export interface PublishedComparison {
  readonly equal: number
  /** Where the tree first parts from what the servers publish; null: nowhere. */
  readonly firstMismatch: bigint | null
}

/** `computed` as a replay gave them, at some of the published zxids. */
export function comparePublished(
  published: PublishedDigests,
  computed: ReadonlyMap<bigint, bigint>,
): PublishedComparison {
  let equal = 0
  let firstMismatch: bigint | null = null
  for (const [zxid, digest] of computed) {
    const expected = published.get(zxid)
    if (expected === undefined) continue
    if (expected === BigInt.asUintN(64, digest)) equal++
    else if (firstMismatch === null || zxid < firstMismatch) firstMismatch = zxid
  }
  return { equal, firstMismatch }
}
