import { formatServer, type ServerAddress } from '../../adapters/zookeeper/connect-string.ts'
import { ObserverError } from '../../adapters/zookeeper/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Gap } from '../../domain/txnlog/continuity.ts'

export function behind(
  peer: ServerAddress,
  { zxid, last }: { readonly zxid: bigint; readonly last: bigint },
): ObserverError {
  return new ObserverError(
    'REFUSED',
    `${formatServer(peer)} is behind: it has nothing after ${formatHex64(zxid)} yet, and ${formatHex64(last)} was heard before`,
    { unaffected: 'what is written is as it was', remedy: 'wait: it catches up, or another member is asked' },
  )
}

/** Of an observer master, which has no number of an epoch's beginning to go by; a leader sends its empty tree. */
export function nothingThere(peer: ServerAddress): ObserverError {
  return new ObserverError(
    'REFUSED',
    `${formatServer(peer)} has no tree to send: nothing was ever written to its ensemble`,
    { remedy: 'check that this is the ensemble you mean; with the first write there is something to follow' },
  )
}

export function missing({ after, before }: Gap): ObserverError {
  return new ObserverError(
    'PROTOCOL',
    `the leader goes on with ${formatHex64(before)} right after ${formatHex64(after)}`,
    {
      unaffected: `all up to ${formatHex64(after)} is written`,
    },
  )
}

/** Of a leader that does not know all that the tree is of which was fetched by itself. */
export function notWhole(zxid: bigint): ObserverError {
  return new ObserverError('LOST', `the leader does not know of ${formatHex64(zxid)}, which another has told`, {
    unaffected: 'what is written is as it was',
  })
}
