import { ZooKeeperError } from './errors.ts'
import { toTlsFault } from './internal/quorum/faults.ts'
import { findLeader } from './internal/quorum/find-leader.ts'
import { QuorumSession } from './internal/quorum/quorum-session.ts'
import { createWireTls, type WireTls } from './internal/tls.ts'
import type { ObserverPort, QuorumTarget } from './observer.ts'

const CONNECT_TIMEOUT_MS = 10_000
const HANDSHAKE_TIMEOUT_MS = 30_000
const SILENCE_LIMIT_MS = 30_000

/** Listening on quorum ports. Holds nothing itself: each session is its caller's to close. */
export function createObserver(): ObserverPort {
  return {
    open: async (target, options) => {
      const { connectTimeoutMs, handshakeTimeoutMs, silenceLimitMs } = target
      const wire = { tls: tlsOf(target), timeoutMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS, signal: options.signal }
      return findLeader(target.servers, wire, (socket, server) =>
        QuorumSession.open(socket, server, {
          ...options,
          handshakeTimeoutMs: handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
          silenceLimitMs: silenceLimitMs ?? SILENCE_LIMIT_MS,
        }),
      )
    },
  }
}

function tlsOf({ tls }: QuorumTarget): WireTls | null {
  if (!tls) return null
  try {
    return createWireTls(tls)
  } catch (error) {
    throw error instanceof ZooKeeperError ? toTlsFault(error) : error
  }
}
