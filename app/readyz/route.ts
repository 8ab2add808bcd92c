import { withDeadline } from '@/lib/base/deadline.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'

export const dynamic = 'force-dynamic'

const WORKER_SEEN_MS = 30_000
const DATABASE_TIMEOUT_MS = 3_000

/** Ready to work: the database answers and a worker was seen lately. 503 with what is missing otherwise. */
export async function GET(): Promise<Response> {
  const missing: string[] = []
  let database = false
  let workerSeenAt: Date | null = null
  try {
    const { db } = await getRuntime()
    const newest = await withDeadline(
      db.workerHeartbeat.findFirst({ orderBy: { seenAt: 'desc' }, select: { seenAt: true } }),
      { what: 'The database', timeoutMs: DATABASE_TIMEOUT_MS },
    )
    database = true
    workerSeenAt = newest?.seenAt ?? null
  } catch {
    // Which error it is stays in the log of the runtime: this answer is public.
    missing.push('the database does not answer')
  }
  const worker = workerSeenAt !== null && Date.now() - workerSeenAt.getTime() <= WORKER_SEEN_MS
  if (database && !worker) missing.push('no worker was seen in the last 30 seconds')
  return Response.json(
    { status: missing.length === 0 ? 'ready' : 'not-ready', database, worker, missing },
    { status: missing.length === 0 ? 200 : 503, headers: { 'cache-control': 'no-store' } },
  )
}
