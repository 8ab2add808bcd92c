import type { z } from 'zod'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { noticeExpired, requireApproval } from '../approvals/require-approval.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { type ClusterAction, mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { findRestoreClusters } from '../restores/find-restore.ts'
import { assertAlone } from './assert-alone.ts'
import { assertAllowed, getPhysicalRow, getPlan, type PhysicalRow, ruleFactsOf, toSubject } from './find-physical.ts'
import { canConfirm, canResume, canUndo, canVerify, type PhysicalRuleFacts } from './physical-rules.ts'
import { confirmPhysicalSchema, undoPhysicalSchema } from './schemas.ts'
import type { Allowance, PhysicalState } from './views.ts'

type Task = 'run' | 'undo' | 'verify'

/** The person has seen this plan (its hash), typed the cluster's name and said why: the servers are stopped by the worker. */
export async function confirmPhysical(
  context: ServiceContext,
  input: z.input<typeof confirmPhysicalSchema>,
): Promise<{ readonly jobId: string }> {
  const { physicalId, planHash, typedName, reason, phrase } = parseInput(confirmPhysicalSchema, input)
  return start(context, physicalId, {
    action: 'physical-restore.confirm',
    task: 'run',
    state: 'queued',
    reason,
    typedName,
    rule: canConfirm,
    data: { reason, confirmedById: context.actor.id, confirmedAt: new Date(context.clock.now()) },
    check: (row) => {
      if (row.planHash !== planHash) {
        throw new ServiceError('PLAN_CHANGED', 'It was checked again since this page was opened', {
          unaffected: 'nothing was stopped',
          remedy: 'look at what was found now and confirm that',
        })
      }
      const asked = getPlan(row).findings.find((finding) => finding.phrase !== null)?.phrase ?? ''
      if (asked !== '' && asked !== phrase) {
        throw new ServiceError('CONFIRMATION_MISMATCH', `Type "${asked}" to go on with such a backup`, {
          unaffected: 'nothing was stopped',
          details: { fields: { phrase: `Type ${asked}` } },
        })
      }
    },
  })
}

/** Goes on from the journal, wherever the run was cut short. */
export function resumePhysical(context: ServiceContext, physicalId: string): Promise<{ readonly jobId: string }> {
  return start(context, physicalId, {
    action: 'physical-restore.confirm',
    task: 'run',
    state: 'queued',
    rule: canResume,
    data: {},
  })
}

/** Puts the old files back on every member that lost them; what lies there now is moved aside. */
export async function undoPhysical(
  context: ServiceContext,
  input: z.input<typeof undoPhysicalSchema>,
): Promise<{ readonly jobId: string }> {
  const { physicalId, typedName, reason } = parseInput(undoPhysicalSchema, input)
  return start(context, physicalId, {
    action: 'physical-restore.undo',
    task: 'undo',
    state: 'undoing',
    reason,
    typedName,
    rule: canUndo,
    data: {},
  })
}

/** Compares what the servers serve now with the backup; only reads. */
export function verifyPhysicalAgain(context: ServiceContext, physicalId: string): Promise<{ readonly jobId: string }> {
  return start(context, physicalId, {
    action: 'physical-restore.verify',
    task: 'verify',
    state: 'running',
    rule: canVerify,
    data: {},
  })
}

interface Start {
  readonly action: ClusterAction
  readonly task: Task
  readonly state: PhysicalState
  readonly rule: (facts: PhysicalRuleFacts) => Allowance
  readonly data: Parameters<Transaction['physicalRestore']['updateMany']>[0]['data']
  readonly reason?: string
  readonly typedName?: string
  readonly check?: (row: PhysicalRow) => void
}

async function start(context: ServiceContext, physicalId: string, how: Start): Promise<{ readonly jobId: string }> {
  const row = await getPhysicalRow(context, physicalId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  const jobId = context.newId()
  const subject = {
    action: how.action,
    cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
    reason: how.reason ?? row.reason,
    after: { physicalRestore: physicalId, source: row.sourceLabel, plan: row.planHash, state: row.state },
  }
  if (how.task !== 'verify') await noticeExpired(context, toSubject(row))
  await mutate(context, subject, async (tx) => {
    const current = await getPhysicalRow({ db: tx }, physicalId)
    const facts = await ruleFactsOf({ db: tx, clock: context.clock, workFiles: context.workFiles }, current)
    assertAllowed(how.rule(facts))
    how.check?.(current)
    if (how.task !== 'verify') await assertAlone(context, tx, current)
    if (how.typedName !== undefined && how.typedName !== cluster?.name) {
      throw new ServiceError('CONFIRMATION_MISMATCH', 'The typed name is not the name of the cluster', {
        unaffected: 'nothing was stopped',
        details: { fields: { typedName: 'Type the name exactly as it is shown' } },
      })
    }
    if (how.task !== 'verify') await requireApproval(context, tx, toSubject(current), how.task)
    const { count } = await tx.physicalRestore.updateMany({
      where: { id: physicalId, state: current.state, jobId: current.jobId },
      data: { ...how.data, state: how.state, jobId, finishedAt: null },
    })
    if (count === 0) {
      throw new ServiceError('WRONG_STATE', 'Somebody else was faster', { unaffected: 'nothing was stopped' })
    }
    await enqueueJob(tx, {
      id: jobId,
      kind: 'physical-restore',
      payload: { physicalId, task: how.task },
      clusterId: row.clusterId,
      subjectId: physicalId,
      actor: context.actor,
      nowMs: context.clock.now(),
    })
  })
  return { jobId }
}
