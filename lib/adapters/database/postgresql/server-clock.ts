import type { Clock } from '../../../base/clock.ts'

const MEASURE_EVERY_MS = 10_000
/** An answer that took longer says too little: it may have been given at any time in between. */
const ROUND_TRIP_MAX_MS = 2_000

export interface ServerClock extends Clock {
  stop(): void
}

/**
 * The database's time, as far as this host can tell: its own clock and how far that is off, measured again and again. All hosts of one
 * database go by it, so leases and due times do not depend on how well the hosts' clocks are set.
 */
export async function startServerClock(
  ask: () => Promise<number>,
  own: { readonly now: () => number; readonly elapsed: () => number } = {
    now: Date.now,
    elapsed: () => performance.now(),
  },
): Promise<ServerClock> {
  let offsetMs = 0
  const measure = async () => {
    const sentAt = own.elapsed()
    const serverMs = await ask()
    const roundTripMs = own.elapsed() - sentAt
    if (roundTripMs <= ROUND_TRIP_MAX_MS) offsetMs = Math.round(serverMs + roundTripMs / 2 - own.now())
  }
  await measure()
  // A database that is away for a while is told by whoever needs it; until then the last measurement is good enough.
  const timer = setInterval(() => void measure().catch(() => undefined), MEASURE_EVERY_MS)
  timer.unref()
  return { now: () => own.now() + offsetMs, stop: () => clearInterval(timer) }
}
