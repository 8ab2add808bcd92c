import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { formatErrorLine } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'

type Place = Pick<ServiceContext, 'paths'>

/** What still arrives, or waits to be tried again. */
const KEPT_MS = 24 * 3_600_000
const ARRIVING_MS = 3_600_000

export const uploadsDir = ({ paths }: Place) => join(paths.workDir, 'imports')

/** Named by the job that reads it. */
export const uploadDir = (context: Place, jobId: string) => join(uploadsDir(context), jobId)

export const uploadFile = (context: Place, jobId: string) => join(uploadDir(context, jobId), 'upload')

export async function removeUpload(context: Place & Pick<ServiceContext, 'log'>, jobId: string): Promise<void> {
  try {
    await rm(uploadDir(context, jobId), { recursive: true, force: true })
  } catch (error) {
    context.log.warn({ job: jobId, error: formatErrorLine(error) }, 'An uploaded file could not be removed')
  }
}

/** Removes uploads that nobody will read any more: without a job, or of one that ended a day ago. */
export async function sweepUploads(context: Pick<ServiceContext, 'paths' | 'log' | 'db' | 'clock'>): Promise<void> {
  const names = await readdir(uploadsDir(context)).catch(() => [])
  for (const name of names) {
    // The file's own time: a slow upload of hours still writes.
    const found =
      (await stat(uploadFile(context, name)).catch(() => null)) ??
      (await stat(uploadDir(context, name)).catch(() => null))
    if (found === null) continue
    const job = await context.db.job.findUnique({ where: { id: name }, select: { state: true, finishedAt: true } })
    const now = context.clock.now()
    const isWanted =
      job === null
        ? now - found.mtimeMs < ARRIVING_MS
        : job.state === 'queued' ||
          job.state === 'running' ||
          (job.state !== 'succeeded' && now - (job.finishedAt?.getTime() ?? 0) < KEPT_MS)
    if (!isWanted) await removeUpload(context, name)
  }
}
