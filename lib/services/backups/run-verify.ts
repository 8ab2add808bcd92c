import { countOf } from '../../base/count-of.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import type { ServiceContext } from '../context.ts'
import { ProgressMeter } from '../engine/progress.ts'
import { ServiceError } from '../errors.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import type { ArchivePlace } from '../stores/archive-folder.ts'
import { verifyPlace } from '../stores/verify-place.ts'
import { getBackupRow } from './find-backup.ts'
import { storeVerdict } from './store-verdict.ts'

/** The work of a verify job: the archive where it was put first, or one copy of it. A damaged archive is a finding, not a failure of the job. */
export async function runVerify(
  context: ServiceContext,
  payload: JobPayload<'verify'>,
  run: JobRun,
): Promise<JobResult> {
  const { backupId, copyId = null } = payload
  const backup = await getBackupRow(context, backupId)
  const { storeId, dir } = backup
  const place = copyId === null ? { storeId, dir } : await getCopy(context, { backupId, copyId })
  const meter = new ProgressMeter(context.clock, run.progress)
  const report = await verifyPlace(context, place, (done) => meter.report('Verifying', { done, total: backup.znodes }))
  for (const problem of report.problems.slice(0, 20)) {
    await run.log('error', [problem.code, problem.message, problem.file].filter(Boolean).join(': '))
  }
  const isBlind = report.encryption?.opened === false
  const sound = isBlind
    ? 'The sums of the encrypted files match; without the key nothing more could be looked at'
    : `${countOf(report.znodes, 'znode')} verified, all sums match`
  const verifiedAt = new Date(context.clock.now())
  return {
    result: { backupId, ok: report.ok, problems: report.problems.length },
    message: report.ok ? sound : `The archive is damaged: ${report.problems.length} problems`,
    commit: async (tx) => {
      await storeVerdict(tx, { backupId, copyId, clusterId: backup.clusterId, place, report, at: verifiedAt })
    },
  }
}

async function getCopy(
  context: Pick<ServiceContext, 'db'>,
  { backupId, copyId }: { readonly backupId: string; readonly copyId: string },
): Promise<ArchivePlace> {
  const copy = await context.db.backupCopy.findFirst({
    where: { id: copyId, backupId, state: 'present' },
    select: { storeId: true, dir: true },
  })
  if (!copy)
    throw new ServiceError('NOT_FOUND', 'The copy is not there any more', { unaffected: 'nothing was changed' })
  return copy
}
