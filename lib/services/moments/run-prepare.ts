import { countOf } from '../../base/count-of.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { holdJob } from '../../jobs/hold-job.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { ProgressMeter } from '../engine/progress.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { toMomentId } from './moment-id.ts'
import { openMoment } from './open-moment.ts'
import { preparedFolderOf, publishPrepared, sweepPrepared } from './prepared-moments.ts'
import { writeMoment } from './write-moment.ts'

/** The work of a job that prepares a moment: its tree lies in the work folder afterwards, where every process opens it at once. */
export async function runPrepare(
  context: ServiceContext,
  payload: JobPayload<'prepare-moment'>,
  run: JobRun,
): Promise<JobResult> {
  const { clusterName, connectString } = await getClusterTarget(context, payload.clusterId)
  const id = toMomentId(payload)
  await run.log('info', `Making the tree of ${clusterName} at ${payload.zxid}`)
  const place = await preparedFolderOf(context, id)
  await sweepPrepared(context, place)
  const meter = new ProgressMeter(context.clock, run.progress)
  const tree = await openMoment(context, id, {
    onProgress: (applied) => meter.report('Replaying transactions', { done: applied }),
  })
  const folder = await context.workFiles.begin(place, { fence: (tx) => holdJob(tx, run.job) })
  try {
    const { proof } = tree
    const cluster = { name: clusterName, connectString }
    const written = await writeMoment(context, {
      tree,
      parentDir: folder.dir,
      cluster,
      atMs: context.clock.now(),
      onProgress: run.progress,
    })
    run.assertOwned()
    await publishPrepared(folder, written.dir, proof)
    const { znodes } = written.manifest
    return {
      result: { zxid: proof.zxid, znodes, applied: proof.applied },
      message: `${countOf(znodes, 'znode')} at ${proof.zxid}, ${countOf(proof.applied, 'transaction')} replayed`,
    }
  } finally {
    await folder.end()
    await tree.close()
  }
}
