import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import type { FaultKind } from './faults.ts'
import { type Base, Place, type PlaceKind } from './place.ts'
import { makeBase, type RoundOutcome, runRound } from './run-round.ts'
import { makeRound, makeRounds, type Round } from './schedule.ts'
import { Tally } from './tally.ts'
import { makeSource } from './tree-model.ts'
import type { WorkerCommand } from './worker-process.ts'

export interface ChaosOptions {
  readonly seed: number
  readonly faults: number
  /** Names of kinds; empty: all. */
  readonly only: readonly string[]
  /** Installations side by side: much of the time is spent waiting for leases, sessions and elections. */
  readonly places: readonly PlaceKind[]
  readonly worker: WorkerCommand
  readonly onLine: (line: string) => void
}

/** A fault whose instant did not come is tried again in other rounds, so often. */
const EXTRA_ROUNDS_MAX = 4
/** Rounds that may fail for reasons of their own before the whole run does. */
const FAILURES_MAX = 3

export async function runChaos(options: ChaosOptions): Promise<Tally> {
  const kinds = [...new Set(options.places)]
  const rounds = makeRounds({ ...options, places: kinds })
  const tally = new Tally()
  const queues = new Map(kinds.map((kind) => [kind, rounds.filter(({ place }) => place === kind)]))
  let number = rounds.length
  const random = new SeededRandom(options.seed ^ 0x5eed)
  const missed = new Map<FaultKind, number>()
  const again = (faults: readonly FaultKind[], place: PlaceKind): Round[] =>
    faults.flatMap((kind) => {
      const times = (missed.get(kind) ?? 0) + 1
      missed.set(kind, times)
      if (times > EXTRA_ROUNDS_MAX * options.faults) return []
      return [makeRound({ number: ++number, place, faults: [kind], random })]
    })
  let failures = 0
  await Promise.all(
    options.places.map(async (kind, at) => {
      const queue = queues.get(kind) ?? []
      let place: Place | null = null
      try {
        for (let round = queue.shift(); round; round = queue.shift()) {
          const startedAt = performance.now()
          place ??= await Place.open(kind, options.worker)
          place.base ??= await makeBase(place, makeSource(new SeededRandom(options.seed + at)))
          const outcome = await tryRound(place, place.base, round)
          if (outcome instanceof Error) {
            // Of the harness itself, on a busy machine for example: it says nothing about the product, but not for ever.
            options.onLine(`      round ${round.number} could not be run: ${outcome.stack}`)
            if (++failures > FAILURES_MAX) throw outcome
            await place.close({ keep: true })
            place = null
            queue.push(...again(round.faults, kind))
            continue
          }
          const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
          if (outcome.cameApart !== null) {
            tally.cameApart.push(outcome.cameApart)
            options.onLine(`      round ${round.number}: ${outcome.cameApart}; it is run again on new servers`)
            await place.close({ keep: false })
            place = null
            queue.push(...again(round.faults, kind))
            continue
          }
          tally.add(outcome.tally)
          queue.push(...again(outcome.left, kind))
          options.onLine(`${describe(round, outcome.tally.findings, tally.injected)} (${seconds} s)`)
        }
      } catch (error) {
        tally.findings.push(`${place?.dataDir}: ${error instanceof Error ? error.stack : String(error)}`)
        queue.length = 0
      } finally {
        await place?.close({ keep: tally.findings.length > 0 })
      }
    }),
  )
  return tally
}

function tryRound(place: Place, base: Base, round: Round): Promise<RoundOutcome | Error> {
  return runRound(place, base, round).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  )
}

function describe(round: Round, findings: readonly string[], injected: number): string {
  const { number, place, faults, mode, undo } = round
  const what = faults.map(({ name }) => name).join(' + ')
  const then = undo === 'no' ? '' : undo === 'end' ? ', taken back' : ', taken back half-way'
  const verdict = findings.length === 0 ? 'ok' : findings.join('\n  ')
  return `${String(injected).padStart(4)}  round ${number}, ${place}, ${mode}${then}: ${what}: ${verdict}`
}
