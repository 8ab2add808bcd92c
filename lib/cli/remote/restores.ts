import { stringifyJson } from '../../base/json.ts'
import { argument, choice, type ExitStatus, flag, requiredText, text } from '../command.ts'
import { badUsage } from '../errors.ts'
import { type AnswerOf, RemoteError } from './client.ts'
import { findCluster, findTree } from './find.ts'
import { followJob } from './follow-job.ts'
import type { RemoteCommand, RemoteInput } from './remote-command.ts'

const RUN_OPTIONS = { apply: 'boolean', reason: 'string', 'dangers-read': 'boolean' } as const
const RUN_USAGE = '[--apply --reason TEXT [--dangers-read]] [--json]'

export const restore: RemoteCommand = {
  usage: `restore TREE CLUSTER [--path P] [--to PATH] [--mode create|update|mirror] [--on-conflict stop|skip|overwrite] [--steps] ${RUN_USAGE}`,
  summary: 'plans what puts a backup back, and with --apply confirms that very plan and follows it to its end',
  options: { path: 'string', to: 'string', mode: 'string', 'on-conflict': 'string', steps: 'boolean', ...RUN_OPTIONS },
  positionals: { min: 2, max: 2 },
  run: async (input) => {
    assertReason(input)
    const source = await findTree(input.client, argument(input, 0))
    const { id: clusterId } = await findCluster(input.client, argument(input, 1))
    const path = text(input, 'path')
    const targetPath = text(input, 'to')
    if (targetPath !== undefined && path === undefined)
      throw badUsage('--to needs --path: only a subtree is put elsewhere')
    const { restoreId, jobId } = await input.client.call('planRestore', {
      body: {
        ...{ clusterId, source, targetPath },
        selection: path === undefined ? { kind: 'all' } : { kind: 'subtree', path },
        mode: choice(input, 'mode', ['create', 'update', 'mirror'] as const, 'update'),
        onConflict: choice(input, 'on-conflict', ['stop', 'skip', 'overwrite'] as const, 'stop'),
      },
    })
    await followJob(input, jobId)
    return planOrRun(input, restoreId)
  },
}

export const undo: RemoteCommand = {
  usage: `undo RESTORE [--overwrite-later-writes] [--steps] ${RUN_USAGE}`,
  summary: 'plans what takes a restore back, and with --apply runs it',
  options: { 'overwrite-later-writes': 'boolean', steps: 'boolean', ...RUN_OPTIONS },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    assertReason(input)
    const { restoreId, jobId } = await input.client.call('undoRestore', {
      params: { restoreId: argument(input, 0) },
      body: { laterWrites: flag(input, 'overwrite-later-writes') ? 'overwrite' : 'keep' },
    })
    await followJob(input, jobId)
    return planOrRun(input, restoreId)
  },
}

export const confirm: RemoteCommand = {
  usage: 'confirm RESTORE --plan HASH --reason TEXT [--dangers-read] [--json]',
  summary: 'runs a plan that was looked at before, if it still is the one of that hash',
  options: { plan: 'string', reason: 'string', 'dangers-read': 'boolean' },
  positionals: { min: 1, max: 1 },
  run: (input) => runPlan(input, { restoreId: argument(input, 0), plan: requiredText(input, 'plan') }),
}

function assertReason(input: RemoteInput): void {
  if (flag(input, 'apply')) requiredText(input, 'reason')
}

/** Shows the plan, or runs the very one that would have been shown. */
async function planOrRun(input: RemoteInput, restoreId: string): Promise<ExitStatus> {
  const planned = await input.client.call('getRestore', { params: { restoreId } })
  if (planned.plan === null)
    throw new RemoteError('NO_PLAN', 'The restore has no plan', { unaffected: 'nothing was written' })
  if (flag(input, 'apply')) return runPlan(input, { restoreId, plan: planned.plan.plan })
  if (flag(input, 'steps')) await printSteps(input, restoreId)
  else if (flag(input, 'json')) await input.terminal.line(stringifyJson({ ...planned.plan, restore: restoreId }))
  else await describePlan(input, planned)
  return 0
}

async function describePlan({ terminal }: RemoteInput, restore: AnswerOf<'getRestore'>): Promise<void> {
  const { plan } = restore
  if (plan === null) return
  await terminal.line(
    `${plan.creates} creates, ${plan.updates} updates, ${plan.deletes} deletes, ${plan.aclChanges} ACL changes`,
  )
  for (const { severity, code, path, message } of plan.warnings) {
    await terminal.line(`${severity ?? 'warning'} ${code} ${path}: ${message}`)
  }
  await terminal.line(`nothing was written. To run it: confirm ${restore.id} --plan ${plan.plan} --reason …`)
}

async function printSteps({ client, terminal }: RemoteInput, restoreId: string): Promise<void> {
  for (let after: string | null | undefined; after !== null; ) {
    const page = await client.call('listSteps', { params: { restoreId }, query: { after, limit: 1000 } })
    for (const step of page.items) await terminal.line(stringifyJson(step))
    after = page.next
  }
}

async function runPlan(
  input: RemoteInput,
  { restoreId, plan }: { readonly restoreId: string; readonly plan: string },
): Promise<ExitStatus> {
  const { client, terminal } = input
  const params = { restoreId }
  const { clusterName } = await client.call('getRestore', { params })
  const reason = requiredText(input, 'reason')
  const { jobId } = await client.call('confirmRestore', {
    params,
    body: { plan, clusterName, reason, dangersRead: flag(input, 'dangers-read') },
  })
  await followJob(input, jobId)
  const { result, state } = await client.call('getRestore', { params })
  if (result === null) throw new RemoteError('NO_RESULT', `The restore ended as ${state}, without a result`)
  const { applied, alreadyDone, conflicts, skipped, verified } = result
  if (flag(input, 'json')) {
    await terminal.line(stringifyJson({ plan, applied, alreadyDone, conflicts, skipped, verified, restore: restoreId }))
  } else {
    await terminal.line(`${applied} applied, ${conflicts.length} conflicts, ${verified ? 'verified' : 'not verified'}`)
    for (const { path, reason } of conflicts) await terminal.line(`conflict ${path}: ${reason}`)
    await terminal.line(`to take it back: undo ${restoreId}`)
  }
  return conflicts.length === 0 && verified === true ? 0 : 1
}
