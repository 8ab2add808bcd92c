import type { Socket } from 'node:net'
import { CancelledError } from '../../../../base/errors.ts'
import type { ServerAddress } from '../../connect-string.ts'
import { ObserverError } from '../../errors.ts'
import { type DialOptions, reach } from '../dial.ts'
import type { WireTls } from '../tls.ts'
import { summarize } from './faults.ts'
import { findWhyClosed } from './knock.ts'

interface Reached {
  readonly server: ServerAddress
  readonly socket: Socket
}

/**
 * All addresses are dialled at once, since those of followers refuse and those behind a firewall are silent; who accepts is asked in the order
 * of the addresses, and the first that lets us in is it. Throws one ObserverError for all of them, or CancelledError.
 */
export async function findLeader<T>(
  servers: readonly ServerAddress[],
  wire: { readonly tls: WireTls | null } & DialOptions,
  enter: (socket: Socket, server: ServerAddress) => Promise<T>,
): Promise<T> {
  const results = await Promise.allSettled(
    servers.map(async (server): Promise<Reached> => ({ server, socket: await reach(server, wire.tls, wire) })),
  )
  const reached = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [toError(result.reason)] : []))
  try {
    const cancelled = failures.find((error) => error instanceof CancelledError)
    if (cancelled) throw cancelled
    for (const { server, socket } of reached) {
      try {
        return await enter(socket, server)
      } catch (error) {
        if (!(error instanceof ObserverError) || ENDS_THE_ROUND.has(error.code)) throw error
        failures.push(error.code === 'CLOSED' ? await findWhyClosed(server, wire) : error)
      }
    }
    throw summarize(failures)
  } finally {
    // The one that was entered is its session's, which has it closed or in use.
    for (const { socket } of reached) if (socket.listenerCount('data') === 0) socket.destroy()
  }
}

/** What another member would not do better. */
const ENDS_THE_ROUND = new Set(['DISK', 'TOO_SLOW', 'NEEDS_SNAPSHOT'])

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
