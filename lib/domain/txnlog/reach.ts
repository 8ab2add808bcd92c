import { findGap, type Gap } from './continuity.ts'
import { TXN_TYPE } from './txn.ts'

/** Transactions that follow each other without a gap. */
export interface Run {
  readonly first: bigint
  readonly last: bigint
}

/** A part of the past, both ends included. */
export interface Reach {
  readonly from: bigint
  readonly to: bigint
  /** Null: every state in it can be made. Else what keeps it from being made. */
  readonly fault:
    | null
    /** No base lies at or before it. */
    | { readonly kind: 'no-base' }
    /** Transactions are missing between the last base before it and it, or lie in it. */
    | { readonly kind: 'gap'; readonly gap: Gap }
}

/** True when `next` may follow `after` directly, as far as numbers tell. */
function follows(after: bigint, next: bigint, missed: readonly Missed[]): boolean {
  const isMissed = missed.some(({ to }) => after < to && next > to)
  return !isMissed && findGap(after, { zxid: next, type: TXN_TYPE.create }) === null
}

/** What is known to be missing though no number shows it. */
interface Missed {
  readonly from: bigint
  readonly to: bigint
}

/**
 * Which states of the past can be made from bases (each a tree at one zxid) and runs of transactions, and which cannot. In order, without
 * holes between the first and the last that is known of; `runs` in order, none touching another.
 */
export function findReach(runs: readonly Run[], bases: readonly bigint[], missed: readonly Missed[] = []): Reach[] {
  const reachable: { from: bigint; to: bigint }[] = []
  for (const base of [...bases].sort(compare)) {
    const run = runs.find(({ first, last }) => base <= last && (base >= first || follows(base, first, missed)))
    const to = run ? run.last : base
    const former = reachable.at(-1)
    if (former && base <= former.to) former.to = to > former.to ? to : former.to
    else if (former && follows(former.to, base, missed)) former.to = to
    else reachable.push({ from: base, to })
  }
  const known = [...runs.flatMap(({ first, last }) => [first, last]), ...bases].sort(compare)
  const [low, high] = [known[0], known.at(-1)]
  if (low === undefined || high === undefined) return []
  const found: Reach[] = []
  let next = low
  let reached: bigint | null = null
  for (const { from, to } of reachable) {
    if (from > next) found.push(unreachable(runs, { from: next, to: from - 1n, reached }))
    found.push({ from, to, fault: null })
    next = to + 1n
    reached = to
  }
  if (next <= high) found.push(unreachable(runs, { from: next, to: high, reached }))
  return found
}

function unreachable(runs: readonly Run[], part: { from: bigint; to: bigint; reached: bigint | null }): Reach {
  const { from, to, reached } = part
  if (reached === null) return { from, to, fault: { kind: 'no-base' } }
  const next = runs.find(({ first }) => first > reached)
  return { from, to, fault: { kind: 'gap', gap: { after: reached, before: next?.first ?? to + 1n } } }
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
