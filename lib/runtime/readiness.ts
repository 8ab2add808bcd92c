import { withDeadline } from '../base/deadline.ts'
import type { Runtime } from './runtime.ts'

const DATABASE_TIMEOUT_MS = 3_000
const WORKER_SEEN_MS = 30_000

declare global {
  /** Set by the process itself when it was told to stop: what answers requests is bundled apart from what hears signals. */
  var arkeeperStopping: boolean | undefined
}

/** Whether requests may be sent here. `missing` is for whoever asks without a session: it says what, and never why. */
export interface Readiness {
  readonly status: 'ready' | 'not-ready'
  readonly missing: readonly string[]
}

/**
 * The database answers and is migrated, which opening the runtime does, and the process is not about to end; where it is asked for, a worker
 * was seen in the last 30 seconds as well.
 */
export async function readReadiness(
  open: () => Promise<Pick<Runtime, 'db' | 'clock'>>,
  { worker }: { readonly worker: boolean },
): Promise<Readiness> {
  const missing: string[] = []
  if (globalThis.arkeeperStopping) missing.push('the process is shutting down')
  try {
    const { db, clock } = await open()
    const newest = await withDeadline(
      db.workerHeartbeat.findFirst({ orderBy: [{ seenAt: 'desc' }, { id: 'desc' }], select: { seenAt: true } }),
      { what: 'The database', timeoutMs: DATABASE_TIMEOUT_MS },
    )
    const isSeen = newest !== null && clock.now() - newest.seenAt.getTime() <= WORKER_SEEN_MS
    if (worker && !isSeen) missing.push('no worker was seen in the last 30 seconds')
  } catch {
    // Which error it is stays in the log of the runtime: this answer is public.
    missing.push('the database does not answer')
  }
  return { status: missing.length === 0 ? 'ready' : 'not-ready', missing }
}
