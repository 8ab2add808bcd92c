import type { Socket } from 'node:net'
import { formatHex64 } from '../../../../base/hex64.ts'
import type { Gap } from '../../../../domain/txnlog/continuity.ts'
import { formatServer, type ServerAddress } from '../../connect-string.ts'
import { ObserverError, ZooKeeperError, type ZooKeeperErrorCode } from '../../errors.ts'
import { tlsFaultOf } from '../tls.ts'

const UNAFFECTED = 'the ensemble was not touched: we only listen'

/** `what` is what came. */
export function protocolFault(what: string): ObserverError {
  return new ObserverError(
    'PROTOCOL',
    `What listens there does not speak as a ZooKeeper leader does: it sent ${what}`,
    {
      unaffected: UNAFFECTED,
      remedy: 'check that the address is a quorum port (the first port of a server.N line) and not another service',
    },
  )
}

export function lost(peer: ServerAddress, why: string, cause?: unknown): ObserverError {
  return new ObserverError('LOST', `The leader at ${formatServer(peer)} ${why}`, {
    unaffected: UNAFFECTED,
    remedy: 'connect again: after an election another member leads',
    cause,
  })
}

export function outOfOrder({ after, before }: Gap): ObserverError {
  const what = before > after ? 'transactions are missing' : 'it goes back'
  return protocolFault(`${formatHex64(before)} right after ${formatHex64(after)}: ${what}`)
}

/** Closed once it knew what we have. */
export function tooMany(peer: ServerAddress): ObserverError {
  return refused(
    peer,
    'named its epoch and then closed the connection, as a leader does that sends its tree to too many at once',
    'try again later; leader.maxConcurrentSnapSyncs of the members is the limit',
  )
}

/** `isHeard`: bytes came that make no packet, or pings alone where the beginning was waited for. */
export function silent(
  peer: ServerAddress,
  { limitMs, isHeard, isFirst }: { readonly limitMs: number; readonly isHeard: boolean; readonly isFirst: boolean },
): ObserverError {
  const forMs = `for ${limitMs} ms`
  if (!isFirst) return lost(peer, isHeard ? `sent nothing that leads on ${forMs}` : `said nothing ${forMs}`)
  return refused(
    peer,
    `accepted the connection and then ${isHeard ? 'did not go on' : 'said nothing'} ${forMs}`,
    'check that this is a quorum port, and whether the ensemble is in the middle of an election',
  )
}

export function tooSlow(peer: ServerAddress, what: string): ObserverError {
  return new ObserverError(
    'TOO_SLOW',
    `The connection to the leader at ${formatServer(peer)} was dropped by us, so that it need not keep what we do not take: ${what}`,
    {
      unaffected: UNAFFECTED,
      remedy: 'look at the disk and the load of this machine, then connect again',
    },
  )
}

export function diskFault(error: unknown, file: string): ObserverError {
  const reason = error instanceof Error ? error.message : String(error)
  return new ObserverError('DISK', `What the leader sends cannot be kept in ${file}: ${reason}`, {
    unaffected: UNAFFECTED,
    remedy: 'make room, or give a folder that can be written',
    cause: error,
  })
}

export function needsSnapshot(peer: ServerAddress, from: bigint): ObserverError {
  return new ObserverError(
    'NEEDS_SNAPSHOT',
    `The leader at ${formatServer(peer)} does not remember what came after 0x${from.toString(16)}, and would send its whole tree`,
    { unaffected: UNAFFECTED, remedy: 'begin again with the whole tree' },
  )
}

/** Closed before the leader has said anything: a leader would at least name its epoch. Why is found out by knocking again. */
export function closedAtOnce(peer: ServerAddress, socket: Socket): ObserverError {
  const fault = tlsFaultOf(socket)
  return fault ? toTlsFault(fault) : noReasonGiven(peer)
}

/** Nothing more could be found out: from the most likely to the least. */
export function noReasonGiven(peer: ServerAddress): ObserverError {
  return new ObserverError('CLOSED', `${formatServer(peer)} closed the connection without a word`, {
    unaffected: UNAFFECTED,
    remedy:
      'it may be another port of ZooKeeper: check that it is the first port of its server.N line, not the second (elections); the member may be giving up leading: then it passes by itself; or another service, or a proxy, listens there: look with `ss -ltnp` on that host',
  })
}

/** A leader that wants SASL closes as soon as it sees that what begins is not SASL. */
export function saslRequired(peer: ServerAddress): ObserverError {
  return new ObserverError('SASL_REQUIRED', `The leader at ${formatServer(peer)} lets in only who signs in with SASL`, {
    unaffected: UNAFFECTED,
    remedy:
      'quorum.auth.serverRequireSasl must be false on the members for an observer without SASL, for their observerMasterPort as for the quorum port',
  })
}

export function notTheQuorumPort(peer: ServerAddress): ObserverError {
  return new ObserverError('PROTOCOL', `${formatServer(peer)} is a client port of ZooKeeper, not a quorum port`, {
    unaffected: UNAFFECTED,
    remedy: 'give the first port of its server.N line (2888 where nothing else was chosen)',
  })
}

export function tlsExpected(peer: ServerAddress): ObserverError {
  return new ObserverError('TLS_FAULT', `${formatServer(peer)} speaks TLS (sslQuorum), and was addressed without`, {
    unaffected: UNAFFECTED,
    remedy:
      'give the authority of the quorum certificates, and a client certificate with its key that the members trust',
  })
}

export function toTlsFault(error: ZooKeeperError): ObserverError {
  return new ObserverError('TLS_FAULT', error.message, {
    unaffected: UNAFFECTED,
    remedy: TLS_REMEDIES[error.code] ?? error.remedy,
    cause: error,
  })
}

/** What is other there than at a client port. */
const TLS_REMEDIES: Partial<Record<ZooKeeperErrorCode, string>> = {
  TLS_NOT_OFFERED: 'check the port; where sslQuorum is off, the quorum port is plain: leave the TLS settings away',
  TLS_CLIENT_CERTIFICATE:
    'give a client certificate with its key that is valid and comes from an authority in ssl.quorum.trustStore of the members; it must name the address of this host, too: members up to 3.8 (later ones with fips-mode=false) check that unless ssl.quorum.hostnameVerification is false',
}

export function refused(peer: ServerAddress, why: string, remedy: string): ObserverError {
  return new ObserverError('REFUSED', `${formatServer(peer)} ${why}`, { unaffected: UNAFFECTED, remedy })
}

/** Failures of one round over the addresses, from the most telling to the least. */
const BY_WEIGHT: readonly string[] = [
  'DISK',
  'TOO_SLOW',
  'NEEDS_SNAPSHOT',
  'TLS_FAULT',
  'SASL_REQUIRED',
  'CLOSED',
  'LOST',
  'REFUSED',
  'PROTOCOL',
  'NO_LEADER',
]

const SILENT: readonly string[] = ['RESOLVE_FAILED', 'CONNECT_TIMEOUT']

/** What each address said, told as one error. `failures` are ObserverErrors, or the ZooKeeperErrors of a connection that was not made. */
export function summarize(failures: readonly Error[]): ObserverError {
  const known = failures.map(toObserverError)
  const [first] = known.toSorted((a, b) => BY_WEIGHT.indexOf(a.code) - BY_WEIGHT.indexOf(b.code))
  if (first && first.code !== 'NO_LEADER') return first
  // A host that refuses is there at least; one that says nothing, or has no address, may be a wrong name.
  const isSilent = failures.every((error) => error instanceof ZooKeeperError && SILENT.includes(error.code))
  return new ObserverError(
    'NO_LEADER',
    `No leader was found: ${known.map(({ message }) => message).join('; ') || 'no address was given'}`,
    {
      unaffected: UNAFFECTED,
      remedy:
        'only the leader listens on its quorum port (the first port of server.N): give those of all members, check that one of them leads, and that no firewall stands between',
      details: { isSilent },
      cause: first,
    },
  )
}

function toObserverError(error: Error): ObserverError {
  if (error instanceof ObserverError) return error
  if (error instanceof ZooKeeperError && error.code.startsWith('TLS_')) return toTlsFault(error)
  return new ObserverError('NO_LEADER', error.message, { cause: error })
}
