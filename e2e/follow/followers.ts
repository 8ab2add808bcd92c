import type { SeededRandom } from '../../lib/testing/seeded-random.ts'

/** What follows the ensemble while it is struck: a process that can be killed, and another that goes on after it. */
export interface Following {
  /** Up to where it has told that all is kept. */
  readonly zxid: bigint | null
  readonly isHealthy: boolean
  /** It has ended for a reason that starting again does not mend. */
  readonly hasGivenUp: boolean
  readonly err: string
  readonly pid: number | null
  reached(zxid: bigint, timeoutMs: number): Promise<void>
  end(signal: NodeJS.Signals): Promise<void>
}

/** All that one kind of follow needs, over all its processes. */
export interface Followers {
  start(): Promise<Following>
  /** Until the instant at which it is to be killed. `newest`: what is committed by now. */
  untilItsTurn(running: Following, random: SeededRandom, newest: () => Promise<bigint>): Promise<void>
  /** What was kept as a data directory, once all have ended, and what is wrong with what was told of it. */
  collect(out: string): Promise<readonly string[]>
  /** For the table. */
  rows(): readonly (readonly [string, number])[]
  close(): Promise<void>
}
