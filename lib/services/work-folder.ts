import type { WorkFolder } from '../adapters/workfiles/work-files.ts'
import { holdJob } from '../jobs/hold-job.ts'
import type { ServiceContext } from './context.ts'
import type { JobRun } from './jobs/job-run.ts'

/** The folder for the work of a job, whose owner alone may publish in it, until that work is done. */
export async function withWorkFolder<T>(
  context: Pick<ServiceContext, 'workFiles'>,
  place: { readonly folder: string; readonly run: Pick<JobRun, 'job'> },
  work: (folder: WorkFolder) => Promise<T>,
): Promise<T> {
  const folder = await context.workFiles.begin(place.folder, { fence: (tx) => holdJob(tx, place.run.job) })
  try {
    return await work(folder)
  } finally {
    await folder.end()
  }
}
