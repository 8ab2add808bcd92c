import { CancelledError } from '../../base/errors.ts'
import type { Terminal } from '../terminal.ts'
import { type AnswerOf, type ApiClient, RemoteError } from './client.ts'

const LOOK_SECONDS = 1

/** Until it has ended; throws when it has not come to a good end. Whoever stops waiting does not stop the job. */
export async function followJob(
  input: { readonly client: ApiClient; readonly terminal: Terminal },
  jobId: string,
): Promise<AnswerOf<'getJob'>> {
  const { client, terminal } = input
  try {
    for (;;) {
      const job = await client.call('getJob', { params: { jobId }, query: { waitSeconds: LOOK_SECONDS } })
      if (job.progress && job.state === 'running') terminal.progress(job.progress)
      if (job.state === 'succeeded') return job
      if (job.state === 'cancelled') throw new RemoteError('CANCELLED', `The job ${jobId} was cancelled`)
      if (job.state === 'failed') {
        const { code, message, unaffected, remedy } = job.error ?? {
          code: 'JOB_FAILED',
          message: `The job ${jobId} failed`,
        }
        throw new RemoteError(code, message, { unaffected, remedy })
      }
    }
  } catch (error) {
    if (error instanceof CancelledError) {
      throw new CancelledError(`Interrupted; the job ${jobId} goes on on the server`, { cause: error })
    }
    throw error
  } finally {
    terminal.clear()
  }
}
