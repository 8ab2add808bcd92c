import type { OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { encryptingFor } from '../encryption/find-recipients.ts'
import type { TakenBackup } from '../engine/take-backup.ts'
import type { JobRun } from '../jobs/job-run.ts'
import { toMomentId } from './moment-id.ts'
import { openMoment } from './open-moment.ts'
import { pickMoment } from './pick-moment.ts'
import { readTimeLine } from './read-time-line.ts'
import { writeMoment } from './write-moment.ts'

/** A backup of a moment: dated when the moment was, so that nobody takes it for a new one. */
export async function takeMoment(
  context: ServiceContext,
  input: {
    readonly target: OpenableCluster
    readonly parentDir: string
    readonly zxid: string
    readonly note: string
  },
  run: JobRun,
): Promise<TakenBackup> {
  const { target, parentDir, zxid, note } = input
  const line = await readTimeLine(context, target.clusterId)
  const { at } = await pickMoment(context, line, { at: '', zxid })
  const tree = await openMoment(context, toMomentId({ clusterId: target.clusterId, zxid }))
  try {
    for (const problem of tree.proof.problems) await run.log('warn', problem)
    return await writeMoment(await encryptingFor(context, target.clusterId), {
      tree,
      parentDir,
      cluster: { name: target.clusterName, connectString: target.connectString },
      atMs: at === null ? context.clock.now() : Date.parse(at),
      note,
      onProgress: run.progress,
    })
  } finally {
    await tree.close()
  }
}
