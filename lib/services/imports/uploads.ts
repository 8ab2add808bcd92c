import { join } from 'node:path'
import { formatErrorLine } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'

/** What still arrives, or waits to be tried again. */
const KEPT_MS = 24 * 3_600_000
const ARRIVING_MS = 3_600_000

const UPLOADS = 'imports'
/** Its name in the folder. */
export const UPLOAD = 'upload'

/** Named by the job that reads it. */
export const uploadFolder = (jobId: string) => join(UPLOADS, jobId)

/** The file on this host, whichever one took it in; there may be none. */
export async function fetchUpload(context: Pick<ServiceContext, 'workFiles'>, jobId: string): Promise<string> {
  return join(await context.workFiles.fetch(uploadFolder(jobId)), UPLOAD)
}

export async function removeUpload(context: Pick<ServiceContext, 'workFiles' | 'log'>, jobId: string): Promise<void> {
  try {
    await context.workFiles.remove(uploadFolder(jobId))
  } catch (error) {
    context.log.warn({ job: jobId, error: formatErrorLine(error) }, 'An uploaded file could not be removed')
  }
}

/** Removes uploads that nobody will read any more: without a job, or of one that ended a day ago. */
export async function sweepUploads(context: Pick<ServiceContext, 'workFiles' | 'log' | 'db' | 'clock'>): Promise<void> {
  // By the files' own time: a slow upload of hours still writes.
  for (const { folder, touchedAtMs } of await context.workFiles.list(UPLOADS)) {
    const name = folder.slice(UPLOADS.length + 1)
    const job = await context.db.job.findUnique({ where: { id: name }, select: { state: true, finishedAt: true } })
    const now = context.clock.now()
    const isWanted =
      job === null
        ? now - touchedAtMs < ARRIVING_MS
        : job.state === 'queued' ||
          job.state === 'running' ||
          (job.state !== 'succeeded' && now - (job.finishedAt?.getTime() ?? 0) < KEPT_MS)
    if (!isWanted) await removeUpload(context, name)
  }
}
