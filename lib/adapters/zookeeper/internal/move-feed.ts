import { isWithin } from '../../../domain/znode/path.ts'
import { describeServerError } from '../../../domain/znode/server-errors.ts'
import type { MoveFeed } from '../connection.ts'
import { ZooKeeperError } from '../errors.ts'
import type { BulkPool } from './bulk-pool.ts'
import type { BulkSession } from './bulk-session.ts'
import { ERR, OP, toServerPath } from './protocol.ts'

/** addWatch mode of a persistent recursive watch (3.6+). */
const RECURSIVE = 1

/**
 * A session of its own that hears every create, delete and setData below the roots. Null where the server knows no such watch or does
 * not let this user have it. Events come before the reply to any later request of the session, so a sync tells that the list is whole.
 */
export async function openMoveFeed(
  pool: BulkPool,
  input: { readonly chroot: string; readonly roots: readonly string[]; readonly signal?: AbortSignal },
): Promise<MoveFeed | null> {
  const moved = new Set<string>()
  const session = await pool.openWatching((_type, path) => {
    if (input.roots.some((root) => isWithin(path, root))) moved.add(path)
  }, input.signal)
  try {
    for (const root of input.roots) {
      const reply = await session.request(OP.addWatch, (writer) =>
        writer.string(toServerPath(input.chroot, root)).int(RECURSIVE),
      )
      if (reply.err !== ERR.ok) {
        await pool.discard(session)
        return null
      }
    }
    const armedAt = await sync(session, input.chroot)
    return {
      armedAt,
      drain: async () => {
        try {
          const upTo = await sync(session, input.chroot)
          const paths = [...moved]
          moved.clear()
          return { moved: paths, upTo }
        } catch (error) {
          // With the connection the watch is gone, and with it the knowledge of what moved.
          if (session.failure) return null
          throw error
        }
      },
      close: () => pool.discard(session),
    }
  } catch (error) {
    await pool.discard(session)
    throw error
  }
}

async function sync(session: BulkSession, chroot: string): Promise<bigint> {
  const reply = await session.request(OP.sync, (writer) => writer.string(toServerPath(chroot, '/')))
  if (reply.err !== ERR.ok) {
    throw new ZooKeeperError('SERVER_ERROR', `The server refused to sync: ${describeServerError(reply.err)}`, {
      details: { serverError: reply.err },
    })
  }
  return reply.zxid
}
