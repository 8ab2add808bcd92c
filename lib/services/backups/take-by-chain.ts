import { isDatabaseAway } from '../../adapters/database/errors.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { encryptingFor } from '../encryption/find-recipients.ts'
import { takeAdminBackup } from '../engine/take-admin-backup.ts'
import { type TakenBackup, takeBackup } from '../engine/take-backup.ts'
import { takeFilesBackup } from '../engine/take-files-backup.ts'
import { takeObserverBackup } from '../engine/take-observer-backup.ts'
import { ServiceError } from '../errors.ts'
import { getQuorumTarget } from '../follow/quorum-target.ts'
import { assertOurs } from '../follow/same-ensemble.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import type { JobRun } from '../jobs/job-run.ts'
import { takeMoment } from '../moments/take-moment.ts'
import { toPaths } from './find-backup.ts'
import { type BackupSource, listBackupSources } from './list-backup-sources.ts'
import { type SourceFault, wordsOfFaults } from './source-faults.ts'

interface Taken {
  readonly taken: TakenBackup
  /** Why the sources before the one that served could not. */
  readonly faults: readonly SourceFault[]
}

type ClusterToTake = OpenableCluster & { readonly parentDir: string }
type Payload = JobPayload<'backup'>

/**
 * Takes the backup from the first source of the chain that serves. What each earlier one lacked goes to the job's log, to the archive's
 * note and to the catalog. Where none serves, the failure says why of all.
 */
export async function takeByChain(
  context: ServiceContext,
  payload: Payload,
  run: JobRun,
  target: ClusterToTake,
): Promise<Taken> {
  const chain = payload.moment === null ? (payload.sources ?? [payload.source]) : [payload.source]
  const faults: SourceFault[] = []
  for (const source of chain) {
    const fault = chain.length > 1 ? await findFault(context, payload.clusterId, source) : null
    if (fault === null) {
      try {
        const note = [payload.note, wordsOfFaults(faults, source)].filter(Boolean).join(' — ')
        return { taken: await take(context, { ...payload, source, note }, run, target), faults }
      } catch (error) {
        if (chain.length === 1 || isNoFaultOfSource(context, error)) throw error
        faults.push({ source, message: toMessage(context, error, source) })
      }
    } else faults.push({ source, message: fault })
    run.assertOwned()
    await run.log('warn', `The source ${source} could not serve: ${faults.at(-1)?.message}`)
  }
  throw new ServiceError('NO_SOURCE', `No source could serve: ${linesOf(faults)}`, {
    unaffected: 'no backup was stored; the cluster was not changed',
    remedy: "put right what one of them lacks, then retry the job; the cluster's settings test each of them",
    details: { faults },
  })
}

const linesOf = (faults: readonly SourceFault[]) =>
  faults.map(({ source, message }) => `${source}: ${message}`).join('; ')

async function findFault(context: ServiceContext, clusterId: string, source: BackupSource): Promise<string | null> {
  const sources = await listBackupSources(context, clusterId)
  return sources.find((one) => one.source === source)?.unavailable ?? null
}

/** The job is to end, or the next source would meet the same. */
function isNoFaultOfSource({ signal }: ServiceContext, error: unknown): boolean {
  if (signal?.aborted || isDatabaseAway(error)) return true
  if (isArkeeperError(error) && ['CANCELLED', 'LEASE_LOST', 'INTERNAL'].includes(error.code)) return true
  return ['NO_SPACE', 'TOO_MANY_FILES'].includes(describeFailure(error, '').code)
}

/** What is none of our errors is told in general words, and goes to the log whole. */
function toMessage(context: ServiceContext, error: unknown, source: BackupSource): string {
  const id = context.newId().slice(0, 8)
  const view = describeFailure(error, id)
  context.log.warn({ source, errorId: id, error: formatErrorLine(error) }, 'A source of a backup could not serve')
  return view.code === 'INTERNAL' ? `${view.message} (${id})` : view.message
}

async function take(
  context: ServiceContext,
  payload: Payload,
  run: JobRun,
  target: ClusterToTake,
): Promise<TakenBackup> {
  if (payload.moment !== null)
    return takeMoment(context, { target, parentDir: target.parentDir, zxid: payload.moment, note: payload.note }, run)
  const encrypting = await encryptingFor(context, payload.clusterId)
  const common = {
    target,
    clusterName: target.clusterName,
    paths: payload.paths,
    parentDir: target.parentDir,
    note: payload.note,
    onProgress: run.progress,
  }
  switch (payload.source) {
    case 'client':
      return takeBackup(encrypting, { ...common, expectedZnodes: await findExpectedZnodes(context, payload) })
    case 'admin': {
      const admins = await getAdminTargets(context, payload.clusterId)
      const taken = await takeAdminBackup(encrypting, { ...common, admins })
      for (const warning of taken.warnings) await run.log('warn', warning)
      return taken
    }
    case 'observer': {
      const quorum = await getQuorumTarget(context, payload.clusterId)
      const taken = await takeObserverBackup(encrypting, {
        ...common,
        quorum,
        assertOurs: (zxid) => assertOurs(context, payload.clusterId, { heard: zxid, named: null }),
      })
      await run.log('info', `Listened to ${taken.heard}`)
      return taken
    }
    case 'files': {
      const members = await listClusterMembers(context, payload.clusterId)
      const admins = await getAdminTargets(context, payload.clusterId)
      const taken = await takeFilesBackup(encrypting, { ...common, members, admins })
      for (const { member, message } of taken.members) await run.log('info', `${member}: ${message}`)
      for (const warning of taken.warnings) await run.log('warn', warning)
      return taken
    }
  }
}

/** Znodes of the last backup of the same scope: good enough for the time left, and for nothing else. */
async function findExpectedZnodes(context: Pick<ServiceContext, 'db'>, payload: Payload): Promise<number | null> {
  const former = await context.db.backup.findMany({
    where: { clusterId: payload.clusterId, purpose: { not: 'safety' }, deletedAt: null },
    orderBy: { takenAt: 'desc' },
    take: 20,
    select: { scopePaths: true, znodes: true },
  })
  const scope = payload.paths.join('\n')
  return former.find((backup) => toPaths(backup.scopePaths).join('\n') === scope)?.znodes ?? null
}
