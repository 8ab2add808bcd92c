import type { FollowRun } from './run-follow.ts'
import type { Weight } from './weigh.ts'

/** For the README and for whoever has run it. */
export function toTables({ faults, acknowledged, proof, weights }: FollowRun): string {
  const rows = [
    line(['what', 'how many']),
    line(['---', '---:']),
    ...[...faults].map(([fault, count]) => line([fault, count])),
    line(['writes acknowledged', acknowledged]),
    line(['transactions in the folder', proof.transactions]),
    line(['epochs', proof.epochs]),
    line(['bases', proof.bases]),
    line(['gaps', proof.gaps]),
    line(['znodes compared', proof.znodes]),
    line(['**lost**', proof.lost]),
    line(['**twice**', proof.twice]),
  ]
  if (weights.length === 0) return rows.join('\n')
  const mean = (of: (weight: Weight) => number, withUs: boolean) => {
    const some = weights.filter((weight) => weight.withUs === withUs).map(of)
    return some.reduce((a, b) => a + b, 0) / some.length
  }
  const each: readonly [string, (weight: Weight) => number][] = [
    ['writes a second', ({ writesPerSecond }) => writesPerSecond],
    ['16 writes at once, median ms', ({ batchMs }) => batchMs],
    ['… 99 of 100, ms', ({ batchLateMs }) => batchLateMs],
    ["leader's avg_latency, ms", ({ avgLatencyMs }) => avgLatencyMs],
    ["leader's max_latency, ms", ({ maxLatencyMs }) => maxLatencyMs],
    ['outstanding, mean', ({ outstanding }) => outstanding],
    ['outstanding, most', ({ outstandingMax }) => outstandingMax],
    ["leader's CPU, share of a core", ({ cpuShare }) => cpuShare],
  ]
  return [
    ...rows,
    '',
    line(['under the same writers', ...weights.map(({ withUs }) => (withUs ? 'with us' : 'without')), 'ratio']),
    line(['---', ...weights.map(() => '---:'), '---:']),
    ...each.map(([name, of]) => {
      const ratio = mean(of, true) / mean(of, false)
      return line([
        name,
        ...weights.map((weight) => of(weight).toFixed(2)),
        Number.isFinite(ratio) ? ratio.toFixed(2) : '–',
      ])
    }),
  ].join('\n')
}

const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
