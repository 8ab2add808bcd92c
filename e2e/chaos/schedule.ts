import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { FAULT_KINDS, type FaultKind, OTHER_WRITER } from './faults.ts'
import type { PlaceKind } from './place.ts'

export interface Round {
  readonly number: number
  readonly place: PlaceKind
  readonly seed: number
  readonly mode: 'update' | 'mirror'
  readonly onConflict: 'stop' | 'skip'
  /** In order; what is left of them when the restore has ended is for its undo, or for another round. */
  readonly faults: readonly FaultKind[]
  /** `end`: it is taken back when it has come to its end. `cut`: in the middle, instead of going on. */
  readonly undo: 'no' | 'end' | 'cut'
}

const FAULTS_A_ROUND_MIN = 2
const FAULTS_A_ROUND_MAX = 4

/** The same seed makes the same rounds: what is broken, which faults, at which instants. */
export function makeRounds(input: {
  readonly seed: number
  readonly faults: number
  readonly only: readonly string[]
  readonly places: readonly PlaceKind[]
}): Round[] {
  const random = new SeededRandom(input.seed)
  const kinds = FAULT_KINDS.filter(({ name }) => input.only.length === 0 || input.only.includes(name))
  const sum = kinds.reduce((total, { share }) => total + share, 0)
  const waiting: FaultKind[] = kinds.flatMap((kind) =>
    Array.from({ length: Math.max(1, Math.round((input.faults * kind.share) / sum)) }, () => kind),
  )
  for (let at = waiting.length - 1; at > 0; at--) {
    const other = random.below(at + 1)
    const swapped = waiting[at]!
    waiting[at] = waiting[other]!
    waiting[other] = swapped
  }
  const rounds: Round[] = []
  while (waiting.length > 0) {
    const place = placeFor(waiting[0]!, input.places, random)
    const faults: FaultKind[] = []
    const wanted = FAULTS_A_ROUND_MIN + random.below(FAULTS_A_ROUND_MAX - FAULTS_A_ROUND_MIN + 1)
    for (let at = 0; at < waiting.length && faults.length < wanted; ) {
      const kind = waiting[at]!
      if (kind.places.includes(place)) faults.push(...waiting.splice(at, 1))
      else at++
    }
    rounds.push(makeRound({ number: rounds.length + 1, place, faults, random }))
  }
  return rounds
}

export function makeRound(input: {
  readonly number: number
  readonly place: PlaceKind
  readonly faults: readonly FaultKind[]
  readonly random: SeededRandom
}): Round {
  const { random } = input
  const dice = random.next()
  const mode = random.chance(0.5) ? 'mirror' : 'update'
  const onConflict = random.chance(0.6) ? 'skip' : 'stop'
  const hasOthers = input.faults.includes(OTHER_WRITER)
  // Taking back what others have written over is a conflict by itself; that is for other tests.
  const undo = hasOthers || dice > 0.45 ? 'no' : dice < 0.2 ? 'cut' : 'end'
  return { ...input, seed: random.below(2 ** 31), mode, onConflict: hasOthers ? onConflict : 'stop', undo }
}

function placeFor(kind: FaultKind, places: readonly PlaceKind[], random: SeededRandom): PlaceKind {
  const fitting = places.filter((place) => kind.places.includes(place))
  // Elections take their time: what any server can show is mostly shown by one that is alone.
  return fitting.includes('alone') && (fitting.length === 1 || random.chance(0.7)) ? 'alone' : fitting.at(-1)!
}
