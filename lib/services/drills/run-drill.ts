import { join } from 'node:path'
import { countOf } from '../../base/count-of.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { describeReadFrom } from '../../domain/snapshot/read-from.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { writeAudit } from '../audit/write-audit.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { drillArchive } from '../engine/drill-archive.ts'
import { type DrillReport, drillReportSchema, emptyDrillReport } from '../engine/drill-report.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { type ArchiveSource, DAMAGE, withArchive } from '../stores/archive-folder.ts'
import { getStore } from '../stores/find-store.ts'

const PROBLEMS_LOGGED_MAX = 20

/** Scratch servers of this installation have their folders here; the worker sweeps it. */
export function scratchDirOf(context: Pick<ServiceContext, 'paths'>): string {
  return join(context.paths.workDir, 'scratch')
}

/** The work of a drill job. A backup that is not given back as it was stored is a finding, not a failure of the job. */
export async function runDrill(context: ServiceContext, payload: JobPayload<'drill'>, run: JobRun): Promise<JobResult> {
  const { backupId, limitMinutes, storeId: from = null } = payload
  const backup = await getBackupRow(context, backupId)
  const report = await drill(context, { ...backup, from }, { run, limitMs: limitMinutes * 60_000 })
  if (report.readFrom) await run.log('info', describeReadFrom(report.readFrom))
  for (const { code, message } of report.problems.slice(0, PROBLEMS_LOGGED_MAX)) {
    await run.log('error', `${code}: ${message}`)
  }
  for (const { path, kind, fields } of report.listed.slice(0, PROBLEMS_LOGGED_MAX)) {
    await run.log('error', `${path}: ${kind}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}`)
  }
  const message = describeOutcome(report)
  const drilledAt = new Date(context.clock.now())
  return {
    result: { backupId, ok: report.ok, differences: report.differences, problems: report.problems.length },
    message,
    commit: async (tx) => {
      await tx.backup.updateMany({
        where: { id: backupId },
        data: {
          drilledAt,
          drillOk: report.ok,
          drillReport: drillReportSchema.parse(report),
          ...(report.ok ? { provedAt: drilledAt } : {}),
        },
      })
      await writeAudit(tx, context, {
        action: 'backup.drill',
        outcome: report.ok ? 'ok' : 'failed',
        cluster: { id: backup.clusterId, name: backup.clusterName },
        after: { backup: backupId, job: run.job.id, differences: report.differences, server: report.serverVersion },
        message,
      })
    },
  }
}

/**
 * What lies in a bucket is fetched for this drill, so that it is the bucket's bytes that are proved and not those of this host's cache. Where
 * they are damaged, that is what the drill has found.
 */
async function drill(
  context: ServiceContext,
  source: ArchiveSource,
  { run, limitMs }: { readonly run: JobRun; readonly limitMs: number },
): Promise<DrillReport> {
  const work = { scratchDir: scratchDirOf(context), limitMs, onProgress: run.progress }
  try {
    return await withArchive(
      context,
      source,
      async (dir, { readFrom }) => ({ ...(await drillArchive(context, { dir, ...work })), readFrom }),
      { afresh: true },
    )
  } catch (error) {
    if (!isArkeeperError(error) || !DAMAGE.includes(error.code)) throw error
    const { id, name } = await getStore(context, source.from ?? source.storeId)
    const readFrom = { storeId: id, store: name, isChosen: source.from != null, how: 'afresh' as const, note: null }
    return { ...emptyDrillReport(), problems: [{ code: error.code, message: error.message }], readFrom }
  }
}

function describeOutcome({ ok, znodes, serverVersion, differences, problems }: DrillReport): string {
  const server = serverVersion === null ? 'a scratch server' : `ZooKeeper ${serverVersion}`
  if (ok) return `Proved restorable: ${countOf(znodes, 'znode')} loaded by ${server} and read back, no difference`
  if (differences > 0) return `Not restorable as it is: ${countOf(differences, 'difference')} on ${server}`
  return `Not restorable as it is: ${problems[0]?.message ?? 'nothing could be compared'}`
}
