import { setTimeout as pause } from 'node:timers/promises'
import { Follower } from './follower.ts'
import type { Followers } from './followers.ts'

/** `arkeeper follow`, which writes a data directory itself. */
export function commandFollowers(script: string, quorum: string, out: string): Followers {
  return {
    start: async () => new Follower(script, quorum, out),
    untilItsTurn: async (_running, random) => void (await pause(2_000 + random.below(7_000))),
    collect: async () => [],
    rows: () => [],
    close: async () => undefined,
  }
}
