import { formatHex64 } from '../../base/hex64.ts'
import type { Gap } from '../../domain/txnlog/continuity.ts'
import type { HistoryReader, HistoryStop, TornLog } from '../../domain/txnlog/read-history.ts'
import type { ReplayResult } from '../../domain/txnlog/replay.ts'
import type { VerifyProblem } from './store.ts'

/** What is known of a tree that was made from a snapshot and logs. */
export interface ReplayProof {
  /** The tree is the one after this transaction. */
  readonly zxid: bigint
  /** True: proven by the server's own digest, or, where servers keep none, by a gap-free history over the whole fuzzy window. */
  readonly exact: boolean
  readonly snapshot: { readonly name: string; readonly zxid: bigint; readonly windowEnd: bigint }
  /** False where znodes without an owner may be containers or have a time to live: the base could not tell, and no digest proves it. */
  readonly kindsKnown: boolean
  /** Transactions that were replayed over the snapshot. */
  readonly applied: number
  /** Of the tree at `zxid`; null where no server said what it should be. */
  readonly digest: ReplayResult['digest']
  /** Of the tree at each zxid that was asked for and replayed. */
  readonly digests: ReadonlyMap<bigint, bigint>
  /** Digests that were compared on the way, and the first that differed. */
  readonly compared: number
  readonly firstMismatch: bigint | null
  readonly conflicts: ReplayResult['conflicts']
  /** Where the logs do not go on: at most the one that ended the replay. */
  readonly gaps: readonly Gap[]
  /** Logs with an end that is not whole. A last write that was cut is normal, and costs nothing that was ever answered. */
  readonly torn: readonly TornLog[]
  /** Everything that people should know, worst first. Empty: nothing is missing and all digests match. */
  readonly problems: readonly VerifyProblem[]
}

/** Names of problems that are not an error's own code. */
export type ReplayProblemCode =
  | 'LOG_GAP'
  | 'DATA_BEHIND_TEAR'
  | 'DIGEST_MISMATCH'
  | 'REPLAY_CONFLICT'
  | 'FUZZY_SNAPSHOT'
  | 'BARE_CHECK'

const problem = (code: ReplayProblemCode, message: string, more: Omit<VerifyProblem, 'code' | 'message'> = {}) => ({
  code,
  message,
  ...more,
})

export function stopProblems(stop: HistoryStop | null, at: bigint): VerifyProblem[] {
  if (stop?.kind === 'gap') return [gapProblem(stop.gap, stop.file)]
  if (stop?.kind !== 'damage') return []
  const { error, file } = stop
  const message = `${file}: ${error.message}; what comes after ${formatHex64(at)} is lost`
  return [{ code: error.code, message, file, ...(error.offset === null ? {} : { offset: error.offset }) }]
}

export function gapProblem(gap: Gap, file: string): VerifyProblem {
  const [after, before] = [formatHex64(gap.after), formatHex64(gap.before)]
  return problem('LOG_GAP', `transactions are missing: after ${after} the logs go on with ${before}`, { file })
}

export function logProblems(history: Pick<HistoryReader, 'torn' | 'bareChecks' | 'passedOver'>): VerifyProblem[] {
  return [
    ...history.torn.filter(({ tear }) => tear.dataBehind).map(tearProblem),
    ...history.passedOver.map(({ file, error }) => ({
      code: error.code,
      message: `${file}: ${error.message}; nothing is lost, another file holds what follows`,
      file,
      ...(error.offset === null ? {} : { offset: error.offset }),
    })),
    ...history.bareChecks.map((zxid) =>
      problem(
        'BARE_CHECK',
        `transaction ${formatHex64(zxid)} is a check outside a multi: servers before 3.8.5 and 3.9.3 do not start on this log`,
      ),
    ),
  ]
}

export function tearProblem({ file, tear }: TornLog): VerifyProblem {
  const what = tear.kind === 'hole' ? 'zeros stand where a transaction should' : 'a transaction is not whole'
  const message = `${file}: ${what} at byte ${tear.offset}, with more behind it, which a server passes over in silence`
  return problem('DATA_BEHIND_TEAR', message, { file, offset: tear.offset })
}

export function replayProblems(result: ReplayResult, { windowKnown }: { windowKnown: boolean }): VerifyProblem[] {
  const problems: VerifyProblem[] = []
  if (result.firstMismatch !== null) {
    const rest =
      result.digest?.match === true
        ? 'later ones match again'
        : 'the logs belong to another database, or snapshot or logs are damaged'
    const message = `from ${formatHex64(result.firstMismatch)} on the tree's digest is not the one in the log (${result.mismatches} of ${result.compared}); ${rest}`
    problems.push(problem('DIGEST_MISMATCH', message))
  }
  const { outside, firstOutside } = result.conflicts
  // Where the digest matches at the end, what could not be applied made no difference; where the window's end is a guess, it may lie inside.
  if (firstOutside !== null && windowKnown && result.digest?.match !== true) {
    const message = `${outside.exists + outside.missing} operations did not fit the tree, the first at ${formatHex64(firstOutside)}`
    problems.push(problem('REPLAY_CONFLICT', message))
  }
  return problems
}

export function fuzzyProblem(name: string, window: { from: bigint; to: bigint }): VerifyProblem {
  const message = `${name} was written while transactions ${formatHex64(window.from)} to ${formatHex64(window.to)} were applied, and the logs do not hold them: it is no state that ever was`
  return problem('FUZZY_SNAPSHOT', message, { file: name })
}
