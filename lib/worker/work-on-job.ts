import type { z } from 'zod'
import type { ClaimedJob } from '../jobs/claim-job.ts'
import { isJobKind, JOB_DEFINITIONS, type JobKind } from '../jobs/definitions.ts'
import { JobError } from '../jobs/errors.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { runBackup } from '../services/backups/run-backup.ts'
import { runVerify } from '../services/backups/run-verify.ts'
import type { ServiceContext } from '../services/context.ts'
import { runDiff } from '../services/diffs/run-diff.ts'
import { runDrill } from '../services/drills/run-drill.ts'
import { runReencrypt } from '../services/encryption/run-reencrypt.ts'
import { runImport } from '../services/imports/run-import.ts'
import { assertMayWork } from '../services/jobs/assert-may-work.ts'
import type { JobResult, JobRun } from '../services/jobs/job-run.ts'
import { runRemoveBackups } from '../services/keep-rules/run-remove-backups.ts'
import { runProof } from '../services/migrations/run-proof.ts'
import { runPrepare } from '../services/moments/run-prepare.ts'
import { workOnPhysical } from '../services/physical/work-on-physical.ts'
import { runPlan } from '../services/restores/run-plan.ts'
import { runRestore } from '../services/restores/run-restore.ts'
import { runSearch } from '../services/searches/run-search.ts'
import { runCopy } from '../services/stores/copy-backup.ts'
import { runRescan } from '../services/stores/run-rescan.ts'
import { findJobActor } from './job-actor.ts'
import type { WorkOnJob } from './run-job.ts'

/** A handler parses its payload and calls one verb, as the person who asked for the job. */
export function createWork(runtime: Pick<Runtime, 'db' | 'contextFor'>): WorkOnJob {
  return async (job, run, signal) => {
    const actor = await findJobActor(runtime.db, job)
    return handle({ ...runtime.contextFor(actor, { signal }), mayTakeLong: true }, job, run)
  }
}

async function handle(context: ServiceContext, job: ClaimedJob, run: JobRun): Promise<JobResult> {
  if (!isJobKind(job.kind)) {
    throw new JobError('JOB_PAYLOAD_INVALID', `This worker does not know jobs of the kind ${job.kind}`, {
      remedy: 'run workers of the same version as the web server',
    })
  }
  await assertMayWork(context, { ...job, kind: job.kind })
  switch (job.kind) {
    case 'backup':
      return runBackup(context, parse('backup', job), run)
    case 'import':
      return runImport(context, parse('import', job), run)
    case 'verify':
      return runVerify(context, parse('verify', job), run)
    case 'reencrypt':
      return runReencrypt(context, parse('reencrypt', job), run)
    case 'copy':
      return runCopy(context, parse('copy', job), run)
    case 'rescan':
      return runRescan(context, parse('rescan', job), run)
    case 'drill':
      return runDrill(context, parse('drill', job), run)
    case 'remove-backups':
      return runRemoveBackups(context, parse('remove-backups', job), run)
    case 'diff':
      return runDiff(context, parse('diff', job), run)
    case 'search':
      return runSearch(context, parse('search', job), run)
    case 'prepare-moment':
      return runPrepare(context, parse('prepare-moment', job), run)
    case 'plan-restore':
      return runPlan(context, parse('plan-restore', job), run)
    case 'run-restore':
      return runRestore(context, parse('run-restore', job), run)
    case 'migrate-proof':
      return runProof(context, parse('migrate-proof', job), run)
    case 'physical-restore':
      return workOnPhysical(context, parse('physical-restore', job), run)
  }
}

function parse<Kind extends JobKind>(kind: Kind, job: ClaimedJob): z.output<(typeof JOB_DEFINITIONS)[Kind]['payload']> {
  const result = JOB_DEFINITIONS[kind].payload.safeParse(job.payload)
  if (!result.success) {
    throw new JobError('JOB_PAYLOAD_INVALID', `The job cannot be understood: ${result.error.issues[0]?.message}`, {
      remedy: 'start it again',
    })
  }
  // The schema of this very kind has just accepted it; the compiler cannot see through the indexed type.
  return result.data as z.output<(typeof JOB_DEFINITIONS)[Kind]['payload']>
}
