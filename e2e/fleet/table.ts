import type { AcceptedJobs } from './accepted-jobs.ts'
import type { Kill } from './killer.ts'
import type { LoadCounts } from './load.ts'
import type { Proofs } from './proofs.ts'

export interface TableFacts {
  readonly accepted: AcceptedJobs
  readonly counts: LoadCounts
  readonly proofs: Proofs
  readonly kills: readonly Kill[]
  readonly takeovers: readonly number[]
  readonly retries: number
}

/** For the README and for whoever has run it. */
export function toTable({ accepted, counts, proofs, kills, takeovers, retries }: TableFacts): string {
  const kinds = Map.groupBy(accepted.all, ([, kind]) => kind)
  const rows = [...kinds].map(([kind, jobs]) => {
    const ended = jobs.map(([id]) => proofs.ended.get(id))
    const of = (state: string) => ended.filter((job) => job?.state === state).length
    const again = ended.filter((job) => (job?.attempts ?? 0) > 1).length
    return [kind, jobs.length, of('succeeded'), of('failed') + of('cancelled'), again]
  })
  const killed = (kind: Kill['kind']) => kills.filter((each) => each.kind === kind).length
  return [
    line(['jobs', 'accepted', 'succeeded', 'failed: every attempt killed', 'begun more than once']),
    line(['---', '---:', '---:', '---:', '---:']),
    ...rows.map(line),
    '',
    line(['what', 'how many']),
    line(['---', '---:']),
    line(['workers killed', killed('worker')]),
    line(['web processes killed', killed('web')]),
    line(['crashes of PostgreSQL', killed('database')]),
    line(['outages of the S3 server', killed('bucket')]),
    line(['jobs taken over', takeovers.length]),
    line(['… after, median / longest', `${seconds(middleOf(takeovers))} / ${seconds(takeovers.at(-1))}`]),
    line(['requests asked again', retries]),
    line(['restores / undos of them', `${counts.restores} / ${counts.undos}`]),
    line(['… gone on with by hand', counts.resumedByHand]),
    line(['trees compared with what they must be', counts.treesCompared]),
    line(['archives read back, copies too', proofs.archives]),
    line(['… left without a row by a kill, and taken in by a rescan', proofs.adopted]),
    line(['operations in journals', `${proofs.operations} in ${proofs.journals}`]),
    line(['audit entries in the chain', proofs.auditEntries]),
    line(['**lost**', proofs.lost]),
    line(['**twice**', proofs.twice]),
  ].join('\n')
}

const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
const middleOf = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)]
const seconds = (ms: number | undefined) => (ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`)
