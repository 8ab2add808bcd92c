import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { Member } from '../../adapters/members/members.ts'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { countOf } from '../../base/count-of.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { parseHex64 } from '../../base/hex64.ts'
import { describeReadFrom } from '../../domain/snapshot/read-from.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { assertApprovedRun, noticeExpired } from '../approvals/require-approval.ts'
import { voidApprovals } from '../approvals/void-approvals.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { ProgressMeter } from '../engine/progress.ts'
import { ServiceError } from '../errors.ts'
import { mutateCluster } from '../gate.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { readUnpackedBackup, withArchive } from '../stores/archive-folder.ts'
import { withWorkFolder } from '../work-folder.ts'
import { PhysicalError } from './errors.ts'
import { fillThroughAdminServers } from './execute-admin.ts'
import { type ExecuteInput, putFilesBack, replaceFiles, restartInTurn } from './execute-physical.ts'
import {
  getPhysicalRow,
  getPhysicalSource,
  getPlan,
  type PhysicalRow,
  readStands,
  toSubject,
  toWay,
} from './find-physical.ts'
import { ok } from './finding.ts'
import { gatherFacts, listAdminTargets } from './gather-facts.ts'
import { standOf } from './journal.ts'
import { blockersOf, hashPlan, planPhysical } from './plan-physical.ts'
import { physicalOptionsSchema } from './schemas.ts'
import { verifyPhysical } from './verify-physical.ts'
import type { PhysicalPlan, PhysicalReport } from './views.ts'

/** The work of every job of a physical restore; each goes on where a former attempt was cut short. */
export async function workOnPhysical(
  context: ServiceContext,
  payload: JobPayload<'physical-restore'>,
  run: JobRun,
): Promise<JobResult> {
  const row = await getPhysicalRow(context, payload.physicalId)
  switch (payload.task) {
    case 'check':
      return check(context, row, run)
    case 'run':
      return withWorkFolder(context, { folder: row.dir, run }, (folder) => replace(context, row, run, folder))
    case 'undo':
      return withWorkFolder(context, { folder: row.dir, run }, (folder) => putBack(context, row, run, folder))
    case 'verify':
      return compare(context, row, run)
  }
}

async function check(context: ServiceContext, row: PhysicalRow, run: JobRun): Promise<JobResult> {
  const backup = await getPhysicalSource(context, row)
  const meter = new ProgressMeter(context.clock, run.progress)
  const { facts, readFrom } = await withArchive(context, backup, async (archiveDir, folder) => ({
    readFrom: folder.readFrom,
    facts: await gatherFacts(context, {
      clusterId: row.clusterId,
      archiveDir,
      way: toWay(row.way),
      options: physicalOptionsSchema.parse(row.options),
      asideFolder: `arkeeper-moved-aside-${toStamp(context.clock.now())}`,
      onProgress: (znodes) => meter.report('Reading the backup', { done: znodes, total: backup.znodes }),
    }),
  }))
  const planned = planPhysical(facts)
  const plan = { ...planned, findings: [...planned.findings, ok('source', `${describeReadFrom(readFrom)}.`)] }
  const blockers = blockersOf(plan)
  for (const { level, server, message } of plan.findings) {
    if (level !== 'ok') await run.log('warn', `${level}${server === null ? '' : ` (${server})`}: ${message}`)
  }
  return {
    result: { physicalId: row.id, blockers: blockers.length },
    message:
      blockers.length > 0
        ? `Checked: ${countOf(blockers.length, 'thing')} in the way`
        : `Checked: ${plan.fileName} may go to ${countOf(plan.servers.length, 'server')}`,
    commit: async (tx) => {
      await voidApprovals(context, tx, { subjectKind: 'physical', subjectId: row.id }, 'It was checked again')
      await tx.physicalRestore.updateMany({
        where: { id: row.id, state: 'checking' },
        // Made of texts, numbers and lists only.
        data: {
          state: 'checked',
          plan: plan as unknown as Prisma.InputJsonObject,
          planHash: hashPlan(plan),
          report: {},
        },
      })
    },
  }
}

async function replace(context: ServiceContext, row: PhysicalRow, run: JobRun, folder: WorkFolder): Promise<JobResult> {
  assertConfirmed(row)
  if (row.state === 'queued') await assertApproved(context, row, 'run')
  if (row.way === 'admin') return fill(context, row, run, folder)
  const plan = getPlan(row)
  await context.db.physicalRestore.updateMany({ where: { id: row.id, state: 'queued' }, data: { state: 'running' } })
  return mutateCluster(
    context,
    {
      action: 'physical-restore.run',
      clusterId: row.clusterId,
      reason: row.reason,
      before: { physicalRestore: row.id, plan: row.planHash, source: row.sourceLabel, attempt: run.job.attempts },
      after: { file: plan.fileName, servers: plan.servers.map(({ name }) => name) },
    },
    async (_cluster, record) => {
      const members = await membersOf(context, row, plan)
      const { tls } = await getClusterTarget(context, row.clusterId)
      const input = executionOf(context, { row, plan, members, tls, run, folder })
      try {
        await replaceFiles(context, input)
      } catch (error) {
        record({ after: { stands: await describeStands(context, row, plan) } })
        await sayStands(context, row, plan, run)
        throw error
      } finally {
        await context.sessions.drop(row.clusterId)
      }
      run.progress({ stage: 'Comparing', done: 0, total: null, bytes: 0, ratePerSecond: 0, etaMs: null })
      const report = await verify(context, row, plan, run)
      const isEqual = report.differenceCount === 0
      record({ after: { stands: await describeStands(context, row, plan), differences: report.differenceCount } })
      return { value: toVerifiedResult(context, row, report), outcome: isEqual ? 'ok' : 'failed' }
    },
  )
}

async function fill(context: ServiceContext, row: PhysicalRow, run: JobRun, folder: WorkFolder): Promise<JobResult> {
  const plan = getPlan(row)
  await context.db.physicalRestore.updateMany({ where: { id: row.id, state: 'queued' }, data: { state: 'running' } })
  return mutateCluster(
    context,
    {
      action: 'physical-restore.run',
      clusterId: row.clusterId,
      reason: row.reason,
      before: { physicalRestore: row.id, plan: row.planHash, source: row.sourceLabel, attempt: run.job.attempts },
      after: { through: 'AdminServers', servers: plan.servers.map(({ name }) => name) },
    },
    async (_cluster, record) => {
      const target = await getClusterTarget(context, row.clusterId)
      const known = await listClusterMembers(context, row.clusterId)
      const targets = await listAdminTargets(context, row.clusterId, known)
      const members = plan.servers.flatMap(({ name, isMember }) =>
        isMember ? known.filter((each) => each.name === name) : [],
      )
      const input = executionOf(context, {
        row,
        plan,
        members: await leaderLast(context, members, target.tls),
        tls: target.tls,
        run,
        folder,
      })
      try {
        await fillThroughAdminServers(context, {
          ...input,
          id: row.id.slice(0, 8),
          servers: plan.servers.flatMap(({ name, client, adminUrl }) => {
            const admin = targets.find(({ url }) => url === adminUrl)
            return admin && client !== null ? [{ name, client, admin }] : []
          }),
          target,
          bytes: plan.bytes,
          body: input.file.body,
        })
        await restartInTurn(context, input)
      } finally {
        await context.sessions.drop(row.clusterId)
      }
      const byHand = plan.servers.length - members.length
      if (byHand > 0) await run.log('warn', `${countOf(byHand, 'server')} to be restarted by hand, the leader last`)
      const report = await verify(context, row, plan, run)
      record({ after: { differences: report.differenceCount, restartsLeft: byHand } })
      return { value: toVerifiedResult(context, row, report), outcome: report.differenceCount === 0 ? 'ok' : 'failed' }
    },
  )
}

async function leaderLast(
  context: ServiceContext,
  members: readonly Member[],
  tls: ClusterTarget['tls'],
): Promise<Member[]> {
  const modes = await Promise.all(
    members.map(async ({ client }) => {
      const [answer] = await context.zookeeper.serverStatus({ connectString: client ?? '', tls })
      return answer?.status?.mode ?? null
    }),
  )
  const isLeader = (member: Member) => modes[members.indexOf(member)] === 'leader'
  return [...members].sort((a, b) => Number(isLeader(a)) - Number(isLeader(b)))
}

async function putBack(context: ServiceContext, row: PhysicalRow, run: JobRun, folder: WorkFolder): Promise<JobResult> {
  assertConfirmed(row)
  const entries = await readStands(context, row)
  if (!entries.some(({ pass }) => pass === 'undo')) await assertApproved(context, row, 'undo')
  const plan = getPlan(row)
  return mutateCluster(
    context,
    {
      action: 'physical-restore.undo',
      clusterId: row.clusterId,
      reason: row.reason,
      before: { physicalRestore: row.id, source: row.sourceLabel, attempt: run.job.attempts },
    },
    async (_cluster, record) => {
      const members = await membersOf(context, row, plan)
      const { tls } = await getClusterTarget(context, row.clusterId)
      try {
        await putFilesBack(context, executionOf(context, { row, plan, members, tls, run, folder }))
      } finally {
        await context.sessions.drop(row.clusterId)
        record({ after: { stands: await describeStands(context, row, plan) } })
      }
      return {
        value: {
          result: { physicalId: row.id },
          message: `The old files are back on ${countOf(members.length, 'server')}, which serve again`,
          commit: async (tx) => {
            await tx.physicalRestore.updateMany({
              where: { id: row.id },
              data: { state: 'undone', finishedAt: new Date(context.clock.now()) },
            })
          },
        },
        outcome: 'ok',
      }
    },
  )
}

async function compare(context: ServiceContext, row: PhysicalRow, run: JobRun): Promise<JobResult> {
  const report = await verify(context, row, getPlan(row), run)
  return toVerifiedResult(context, row, report)
}

async function verify(
  context: ServiceContext,
  row: PhysicalRow,
  plan: PhysicalPlan,
  run: JobRun,
): Promise<PhysicalReport> {
  const backup = await getPhysicalSource(context, row)
  const meter = new ProgressMeter(context.clock, run.progress)
  const target = await getClusterTarget(context, row.clusterId)
  return withArchive(context, backup, (archiveDir) =>
    verifyPhysical(context, {
      archiveDir,
      target,
      servers: plan.servers.flatMap(({ name, client }) => (client === null ? [] : [{ name, client }])),
      fileZxid: zxidOf(plan),
      onProgress: (server, compared) => meter.report(`Comparing ${server}`, { done: compared }),
    }),
  )
}

function toVerifiedResult(context: ServiceContext, row: PhysicalRow, report: PhysicalReport): JobResult {
  const { differenceCount, differences, compared, servers } = report
  const isEqual = differenceCount === 0
  const first = differences[0]
  return {
    result: { physicalId: row.id, differences: differenceCount },
    message: isEqual
      ? `${countOf(compared, 'znode')} compared on ${countOf(servers.length, 'server')}: as in the backup`
      : `${countOf(differenceCount, 'znode')} not as in the backup`,
    ...(isEqual
      ? {}
      : {
          failure: {
            code: 'PHYSICAL_INCOMPLETE',
            message: `${countOf(differenceCount, 'znode')} not as in the backup${first ? `, the first is ${first.path} on ${first.server} (${first.change})` : ''}`,
            remedy: 'look at what differs; then compare again, or put the old files back',
          },
        }),
    commit: async (tx) => {
      await tx.physicalRestore.updateMany({
        where: { id: row.id },
        data: {
          state: isEqual ? 'succeeded' : 'incomplete',
          report: { ...report, differences: differences.map((each) => ({ ...each })), servers: [...servers] },
          finishedAt: new Date(context.clock.now()),
        },
      })
    },
  }
}

function executionOf(
  context: ServiceContext,
  input: {
    row: PhysicalRow
    plan: PhysicalPlan
    members: readonly Member[]
    tls: ClusterTarget['tls']
    run: JobRun
    folder: WorkFolder
  },
): ExecuteInput {
  const { row, plan, members, tls, run, folder } = input
  // Asked for when it is needed: the way back goes without the backup, which may be deleted by then.
  async function* body() {
    yield* readUnpackedBackup(context, await getPhysicalSource(context, row))
  }
  return {
    dir: folder.dir,
    openLines: folder.openLines,
    kind: plan.kind,
    members,
    tls,
    fileZxid: zxidOf(plan),
    file: {
      name: plan.fileName,
      bytes: plan.bytes,
      sha256: plan.sha256,
      body,
    },
    asideFolder: plan.asideFolder,
    signal: context.signal,
    now: () => context.clock.now(),
    say: (level, message) => {
      // A log line is for people; a database that is busy for a moment must not stop the run.
      run.log(level, message).catch(() => undefined)
    },
    onStage: (stage, done, total) => run.progress({ stage, done, total, bytes: 0, ratePerSecond: 0, etaMs: null }),
    assertOwned: run.assertOwned,
  }
}

/** As the configuration file names them now: where its folders changed since the check, nothing is done. */
async function membersOf(context: ServiceContext, row: PhysicalRow, plan: PhysicalPlan): Promise<Member[]> {
  const known = await listClusterMembers(context, row.clusterId)
  const isSame = (planned: PhysicalPlan['servers'][number], member: Member | undefined) =>
    member !== undefined &&
    member.dataDir === planned.dataDir &&
    member.dataLogDir === planned.dataLogDir &&
    member.client === planned.client &&
    member.stop !== null &&
    member.start !== null
  const members = plan.servers.map((planned) => known.find(({ name }) => name === planned.name))
  if (known.length !== members.length || !plan.servers.every((planned, i) => isSame(planned, members[i]))) {
    throw new PhysicalError('MEMBERS_CHANGED', 'The members in the configuration file are not those of the check', {
      unaffected: 'nothing was stopped and no file moved by this run',
      remedy: 'put them back as they were to go on, or make a new restore',
    })
  }
  return members.flatMap((member) => (member === undefined ? [] : [member]))
}

async function describeStands(context: ServiceContext, row: PhysicalRow, plan: PhysicalPlan): Promise<string[]> {
  const entries = await readStands(context, row)
  return plan.servers.map(({ name }) => `${name}: ${standOf(entries, name)}`)
}

/** The last thing that a log says of a run that was cut short: where each server stands. */
async function sayStands(context: ServiceContext, row: PhysicalRow, plan: PhysicalPlan, run: JobRun): Promise<void> {
  try {
    await run.log('warn', `Where the files stand: ${(await describeStands(context, row, plan)).join(', ')}`)
  } catch (error) {
    context.log.warn({ physical: row.id, error: formatErrorLine(error) }, 'Where the files stand could not be logged')
  }
}

/** What has begun goes on after a crash: servers that are down are worse than either state of their files. */
async function assertApproved(context: ServiceContext, row: PhysicalRow, purpose: 'run' | 'undo'): Promise<void> {
  await noticeExpired(context, toSubject(row))
  await assertApprovedRun(context, toSubject(row), purpose)
  // As it is stored, so that what was confirmed is to the byte what is done.
  if (hashPlan(row.plan) === row.planHash) return
  throw new ServiceError('PLAN_CHANGED', 'The stored plan is not the one that was confirmed', {
    unaffected: 'nothing was stopped',
    remedy: 'make a new restore',
  })
}

function assertConfirmed(row: PhysicalRow): void {
  if (row.confirmedAt !== null && row.way !== 'runbook') return
  throw new ServiceError('WRONG_STATE', 'It is not confirmed to run', { unaffected: 'nothing was stopped' })
}

const zxidOf = (plan: PhysicalPlan) => parseHex64(plan.fileZxid) ?? 0n
const toStamp = (ms: number) => new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '')
