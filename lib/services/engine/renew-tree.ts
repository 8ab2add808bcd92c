import { rm } from 'node:fs/promises'
import { ObserverError } from '../../adapters/zookeeper/errors.ts'
import type { ObserverSession } from '../../adapters/zookeeper/observer.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { nothingThere, notWhole } from './follow-faults.ts'
import type { FollowState } from './follow-state.ts'

type Open = (from: bigint, options?: { readonly acceptSnapshot: false }) => Promise<ObserverSession>

export interface Renewed {
  readonly session: ObserverSession
  /** What it was asked to go on from. */
  readonly from: bigint
}

/**
 * A session for a log whose end is known and whose tree is not: what it is replayed over is gone, or its keys are not here. Where the leader can
 * go on behind its end, its own tree of now is fetched first, and then the log from where it ends: the tree passes over what it holds already,
 * the log has no gap. Else its tree takes the place of all, behind a gap. `onTree`: a tree lies ahead of the log, and is whole once the log has come
 * to there, whatever becomes of the session that is to bring it.
 */
export async function renewTree(
  open: Open,
  state: FollowState,
  { last, onTree }: { readonly last: bigint; readonly onTree: (wholeAt: bigint) => void },
): Promise<Renewed> {
  const known = await open(last, { acceptSnapshot: false }).catch((error: unknown) => {
    if (!isArkeeperError(error) || error.code !== 'NEEDS_SNAPSHOT') throw error
    return null
  })
  if (known === null) return { session: await open(0n), from: 0n }
  if (known.start.kind !== 'diff') return { session: known, from: last }
  await known.close()
  const wholeAt = await fetchTree(await open(0n), state)
  if (wholeAt < last) {
    await state.close()
    throw notWhole(last)
  }
  onTree(wholeAt)
  return { session: await open(last), from: last }
}

/** Gives the last transaction that the leader had when all of its tree was here: before that it is fuzzy. */
async function fetchTree(session: ObserverSession, state: FollowState): Promise<bigint> {
  const { start } = session
  try {
    if (start.kind !== 'snapshot') throw nothingThere(session.peer)
    let seen = start.zxid
    let isSynced = false
    for await (const { entries, synced } of session.transactions()) {
      seen = entries.at(-1)?.zxid ?? seen
      isSynced = synced
      if (synced) break
    }
    if (!isSynced) throw new ObserverError('LOST', 'the connection ended before all of the tree was here')
    await session.close()
    await state.begin(start, { isToCompare: false })
    return seen
  } finally {
    await session.close()
    if (start.kind === 'snapshot') await rm(start.file, { force: true })
  }
}
