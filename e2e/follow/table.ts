import type { FollowRun } from './run-follow.ts'
import { LOADS, type Weighing, type Weight } from './weigh.ts'

/** For the README and for whoever has run it. */
export function toTables({ faults, acknowledged, proof, rows: more, weighing }: FollowRun): string {
  const rows = [
    line(['what', 'how many']),
    line(['---', '---:']),
    ...[...faults].map(([fault, count]) => line([fault, count])),
    ...more.map(line),
    line(['writes acknowledged', acknowledged]),
    line(['transactions in the folder', proof.transactions]),
    line(['epochs', proof.epochs]),
    line(['bases', proof.bases]),
    line(['gaps', proof.gaps]),
    line(["transactions found in the members' own logs", proof.compared.join(' + ')]),
    line(['members read, each by itself', proof.membersRead]),
    line(['… that parted from their leader', proof.parted.length]),
    line(['znodes compared', proof.znodes]),
    line(['**lost**', proof.lost]),
    line(['**twice**', proof.twice]),
  ]
  return weighing === null ? rows.join('\n') : [...rows, '', ...toWeighing(weighing)].join('\n')
}

const FIGURES: readonly [string, (weight: Weight) => number][] = [
  ['writes a second', ({ writesPerSecond }) => writesPerSecond],
  ['a batch of writes, median', ({ batchMs }) => batchMs],
  ['… 99 of 100', ({ batchLateMs }) => batchLateMs],
  ["leader's avg_latency", ({ avgLatencyMs }) => avgLatencyMs],
  ["leader's max_latency", ({ maxLatencyMs }) => maxLatencyMs],
  ['outstanding, mean', ({ outstanding }) => outstanding],
  ['outstanding, most', ({ outstandingMax }) => outstandingMax],
  ["leader's CPU for a write", ({ cpuMicros }) => cpuMicros],
]

/**
 * Ratios of medians only: what the figures are in themselves is the machine's. Beside each is what the same measurement says of nothing: half of
 * the slices without us by the other half.
 */
function toWeighing({ cores, weights }: Weighing): string[] {
  const loads = LOADS.map((load) => {
    const some = weights.filter((weight) => weight.load === load)
    const without = some.filter(({ withUs }) => !withUs)
    const parts = [without.filter((_, i) => i % 2 === 0), without.filter((_, i) => i % 2 === 1)] as const
    return { load, without, withUs: some.filter(({ withUs }) => withUs), parts }
  })
  const ours = loads.map(
    ({ load, withUs }) => `at ${load} ${medianOf(withUs, ({ ourCpuShare }) => ourCpuShare ?? 0).toFixed(2)}`,
  )
  return [
    line(['', ...loads.flatMap(({ load }) => [`${load}: with us ÷ without`, 'without ÷ without'])]),
    line(['---', ...loads.flatMap(() => ['---:', '---:'])]),
    ...FIGURES.map(([name, of]) =>
      line([
        name,
        ...loads.flatMap(({ without, withUs, parts: [odd, even] }) => [
          toRatio(medianOf(withUs, of), medianOf(without, of)),
          toRatio(medianOf(even, of), medianOf(odd, of)),
        ]),
      ]),
    ),
    '',
    `Medians of ${loads[0]?.withUs.length} slices each. ${
      cores === null
        ? 'Servers, writers and follow shared all cores.'
        : `The three servers ran on core ${cores.servers}, writers and follow on core ${cores.ours}.`
    }`,
    `The follow's own share of a core: ${ours.join(', ')}.`,
  ]
}

function medianOf(weights: readonly Weight[], of: (weight: Weight) => number): number {
  const sorted = weights.map(of).sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

const toRatio = (to: number, from: number) => (from === 0 ? (to === 0 ? '1.00' : '–') : (to / from).toFixed(2))

const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
