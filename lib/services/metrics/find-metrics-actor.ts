import { createHash, timingSafeEqual } from 'node:crypto'
import type { Actor, ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { findTokenActor, tokenRefused } from '../tokens/find-token-actor.ts'

/**
 * Who reads metrics: the holder of the installation's own token for that, who sees all, or of an API token with the scope to read, with its
 * clusters and the role of its owner. Without a token whoever is on this host, as long as nobody else can come and no token was set.
 * Throws SIGNED_OUT for anything else, and says no more than that.
 */
export async function findMetricsActor(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  given: {
    readonly authorization: string | null
    readonly metricsToken: string | null
    readonly ip: string | null
    readonly onlyThisHost: boolean
  },
): Promise<Actor> {
  const token = /^Bearer +(\S+)$/i.exec(given.authorization ?? '')?.[1]
  const everything: Actor = { kind: 'system', id: null, name: 'metrics', role: 'viewer' }
  if (token === undefined) {
    if (given.metricsToken === null && given.onlyThisHost && given.ip !== null && isLoopbackPeer(given.ip))
      return everything
    throw tokenRefused()
  }
  if (given.metricsToken !== null && isSame(token, given.metricsToken)) return everything
  const actor = await findTokenActor(context, token, given.ip)
  if (actor.token?.scopes.includes('read')) return actor
  throw new ServiceError('FORBIDDEN', 'Metrics need a token with the scope read', { remedy: 'use another token' })
}

/** Of the same length and in the same time, whatever was guessed. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

const isLoopbackPeer = (ip: string) => ip === '::1' || /^(::ffff:)?127\./.test(ip)
