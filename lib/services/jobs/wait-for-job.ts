import { setTimeout as pause } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { getJob } from './get-job.ts'

const LOOK_EVERY_MS = 250
const ENDED = ['succeeded', 'failed', 'cancelled']

/** The job as soon as it has ended, or as it is after so long. */
export async function waitForJob(
  context: Pick<ServiceContext, 'db' | 'signal'>,
  { jobId, timeoutMs }: { readonly jobId: string; readonly timeoutMs: number },
): ReturnType<typeof getJob> {
  const until = performance.now() + timeoutMs
  for (;;) {
    throwIfAborted(context.signal)
    const job = await getJob(context, jobId)
    const leftMs = until - performance.now()
    if (leftMs <= 0 || ENDED.includes(job.state)) return job
    await pause(Math.min(LOOK_EVERY_MS, leftMs))
  }
}
