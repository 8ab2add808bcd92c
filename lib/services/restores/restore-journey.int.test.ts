import { createHash } from 'node:crypto'
import { appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { counterPair } from '../../domain/restore/internal/counter-operations.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { deleteBackup } from '../backups/delete-backup.ts'
import { getBackup } from '../backups/get-backup.ts'
import { listBackups } from '../backups/list-backups.ts'
import { openBackupFile } from '../backups/open-backup-file.ts'
import { setBackupPinned } from '../backups/set-backup-pinned.ts'
import { startBackup } from '../backups/start-backup.ts'
import { startVerify } from '../backups/start-verify.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { exportChanges } from '../diffs/export-changes.ts'
import { getChange } from '../diffs/get-change.ts'
import { getDiff } from '../diffs/get-diff.ts'
import { listDiffTree } from '../diffs/list-diff-tree.ts'
import { startDiff } from '../diffs/start-diff.ts'
import { addIgnoreRule } from '../ignore-rules/add-ignore-rule.ts'
import { removeIgnoreRule } from '../ignore-rules/remove-ignore-rule.ts'
import { getJob } from '../jobs/get-job.ts'
import { listJobs } from '../jobs/list-jobs.ts'
import { retryJob } from '../jobs/retry-job.ts'
import { cancelRestore } from './cancel-restore.ts'
import { confirmRestore } from './confirm-restore.ts'
import { createRestore } from './create-restore.ts'
import { exportReport } from './export-report.ts'
import { getRestore } from './get-restore.ts'
import { listPlanSteps } from './list-plan-steps.ts'
import { planAnew } from './plan-anew.ts'
import { replanRestore } from './replan-restore.ts'
import { resumeRestore } from './resume-restore.ts'
import type { CreateRestoreInput } from './schemas.ts'
import { startUndo } from './start-undo.ts'

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let context: ServiceContext
let clusterId = ''

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  await addTestPeople(services)
  context = services.contextFor('admin')
  clusterId = (await addCluster(context, { name: 'demo', connectString: server.connectString })).id
  await tree.create('/app')
  await tree.create('/app/config', '{"a":1}')
  await tree.create('/app/config/empty', '')
  await tree.create('/app/config/null', null)
  await tree.create('/app/bin', Buffer.from([0, 255, 1, 128]))
  await tree.create('/app/ünï ✓', 'text')
  await tree.create('/app/locks', 'x')
})
afterEach(async () => {
  await services.close()
  await tree.clear()
})

const arm = () => armCluster(context, { clusterId, minutes: 15, reason: 'test' })

async function backUp(paths: string[] = []): Promise<string> {
  const { jobId } = await startBackup(context, { clusterId, paths })
  await workOffJobs(services)
  const job = await getJob(context, jobId)
  expect(job).toMatchObject({ state: 'succeeded', error: null })
  return job.subjectId ?? ''
}

async function diffWithLive(backupId: string) {
  const { diffId } = await startDiff(context, { left: `backup:${backupId}`, right: `live:${clusterId}` })
  await workOffJobs(services)
  return getDiff(context, diffId)
}

type PlanInput = Partial<CreateRestoreInput> & Pick<CreateRestoreInput, 'source'>
async function plan(input: PlanInput) {
  const { restoreId } = await createRestore(context, { clusterId, selection: { kind: 'all' }, ...input })
  await workOffJobs(services)
  return getRestore(context, restoreId)
}

async function confirm(restoreId: string) {
  const { plan } = await getRestore(context, restoreId)
  await confirmRestore(context, { restoreId, planHash: plan?.hash ?? '', typedName: 'demo', reason: 'a test' })
  await workOffJobs(services)
  return getRestore(context, restoreId)
}

describe('from backup to undo', () => {
  it('carries sequence counters and quotas when asked, also when asked again, and its report lists what it leaves', async () => {
    await tree.create('/app/queue')
    await client.multi(Array.from({ length: 40 }, (_, n) => counterPair('/app/queue', n)).flat())
    const worker = { path: '/app/queue/worker', data: null, acl: OPEN_ACL, kind: 'ephemeral' } as const
    expect(await client.create(worker)).toMatchObject({ kind: 'done' })
    const source = `backup:${await backUp()}`
    await tree.remove('/app/queue')
    const options = { counters: 'burn', countersCap: 200, quotas: true } as const
    const planned = await plan({ source, options })
    const listed = { path: '/app/queue', from: 0, to: 41 }
    expect(planned.options).toEqual(options)
    expect(planned.plan?.fidelity).toMatchObject({
      counters: { mode: 'burn', operationsMax: 200, advanced: { listed: [listed] } },
      quotas: { asked: true, written: { total: 0 } },
      ephemerals: { left: { listed: [{ path: worker.path, session: 'unknown' }] } },
    })
    expect((await listPlanSteps(context, { restoreId: planned.id, kind: 'advanceCounter' })).steps).toMatchObject([
      { path: '/app/queue', step: 'advanceCounter' },
    ])
    await arm()
    const done = await confirm(planned.id)
    expect(done).toMatchObject({ state: 'succeeded', report: { fidelity: { counters: { checked: 1, reached: 1 } } } })
    const next = { path: '/app/queue/n-', data: null, acl: OPEN_ACL, kind: 'persistent', sequential: true } as const
    expect(await client.create(next)).toMatchObject({ path: '/app/queue/n-0000000041' })
    const lines: Record<string, unknown>[] = []
    for await (const line of exportReport(context, done.id)) lines.push(JSON.parse(line))
    expect(lines).toContainEqual(expect.objectContaining({ leftOut: 'ephemeral', path: worker.path }))
    expect(lines.at(-1)).toMatchObject({
      fidelity: { counters: { mode: 'burn' } },
      readBack: { counters: { reached: 1 } },
    })
    const again = await planAnew(context, done.id)
    expect((await getRestore(context, again.restoreId)).options).toEqual(options)
  })

  it('shows exactly what another client changed, puts the picked part back, proves it, and takes it back again', async () => {
    const backupId = await backUp()
    await tree.set('/app/config', '{"a":2}')
    await tree.set('/app/bin', Buffer.from([9]))
    await tree.remove('/app/config/null')
    await tree.set('/app/config/empty', null)
    await tree.create('/app/new', 'n')
    await tree.setAcl('/app/locks', [{ perms: 31, scheme: 'ip', id: '127.0.0.1' }])

    const diff = await diffWithLive(backupId)
    expect(diff).toMatchObject({ state: 'ready', summary: { added: 1, removed: 1, changed: 4 } })
    expect(diff.summary?.byField).toEqual({ data: 3, acl: 1, kind: 0 })
    const lines: unknown[] = []
    for await (const line of exportChanges(context, diff.id)) lines.push(JSON.parse(line))
    expect(lines).toEqual([
      { path: '/app/bin', change: 'changed', fields: ['data'], ephemeral: false },
      { path: '/app/config', change: 'changed', fields: ['data'], ephemeral: false },
      { path: '/app/config/empty', change: 'changed', fields: ['data'], ephemeral: false },
      { path: '/app/config/null', change: 'removed', fields: [], ephemeral: false },
      { path: '/app/locks', change: 'changed', fields: ['acl'], ephemeral: false },
      { path: '/app/new', change: 'added', fields: [], ephemeral: false },
    ])
    const page = await listDiffTree(context, { diffId: diff.id, parent: '/app' })
    expect(page.rows.map(({ name, change, below }) => [name, change, below.changed + below.removed])).toEqual([
      ['bin', 'changed', 0],
      ['config', 'changed', 2],
      ['locks', 'changed', 0],
      ['new', 'added', 0],
    ])
    const change = await getChange(context, { diffId: diff.id, path: '/app/config/empty' })
    expect(change).toMatchObject({ before: { data: '' }, after: { data: null }, movedSince: false })

    const source = `backup:${backupId}`
    const selection = { kind: 'picked' as const, paths: ['/app/bin'], subtrees: ['/app/config'] }
    const planned = await plan({ source, selection })
    expect(planned).toMatchObject({
      state: 'planned',
      stale: null,
      plan: { creates: 1, updates: 3, deletes: 0, aclChanges: 0 },
    })
    expect(planned.canConfirm.ok).toBe(false)
    const { steps } = await listPlanSteps(context, { restoreId: planned.id })
    expect(steps.map((step) => `${step.step} ${step.path}`)).toEqual([
      'setData /app/bin',
      'setData /app/config',
      'setData /app/config/empty',
      'create /app/config/null',
    ])
    const rest = await listPlanSteps(context, { restoreId: planned.id, after: 1, limit: 1 })
    expect(rest).toMatchObject({ steps: [{ index: 2 }], next: 2 })

    await arm()
    const done = await confirm(planned.id)
    expect(done).toMatchObject({
      state: 'succeeded',
      error: null,
      report: { applied: 4, verified: true, conflicts: [] },
    })
    expect(await tree.text('/app/config')).toBe('{"a":1}')
    expect(await tree.text('/app/config/empty')).toBe('')
    expect(await tree.text('/app/config/null')).toBeNull()
    expect([...((await tree.find('/app/bin'))?.data ?? [])]).toEqual([0, 255, 1, 128])
    expect(await tree.text('/app/new')).toBe('n')
    const outcomes: unknown[] = []
    for await (const line of exportReport(context, done.id)) {
      const { step, outcome } = JSON.parse(line)
      if (step) outcomes.push(outcome)
    }
    expect(outcomes).toEqual(['applied', 'applied', 'applied', 'applied'])

    const safety = await getBackup(context, done.safetyBackupId ?? '')
    expect(safety).toMatchObject({ purpose: 'safety', status: 'complete' })
    expect(safety.manifest.scope).toEqual({
      paths: ['/app/bin', '/app/config', '/app/config/empty', '/app/config/null'],
      kind: 'touched',
    })
    expect((await listBackups(context, { clusterId })).backups.map((backup) => backup.id)).toEqual([backupId])

    const undo = await startUndo(context, done.id)
    await workOffJobs(services)
    const undone = await confirm(undo.restoreId)
    expect(undone).toMatchObject({ state: 'succeeded', undoOfId: done.id, report: { verified: true } })
    expect(await tree.text('/app/config')).toBe('{"a":2}')
    expect(await tree.text('/app/config/empty')).toBeNull()
    expect(await tree.text('/app/config/null')).toBeUndefined()
    expect([...((await tree.find('/app/bin'))?.data ?? [])]).toEqual([9])
    const again = await getRestore(context, done.id)
    expect(again.undoneById).toBe(undo.restoreId)
    expect(again.canUndo.ok).toBe(false)

    const audit = (await services.readAudit()).map((entry) => `${entry.action} ${entry.outcome}`)
    expect(audit).toEqual([
      'cluster.add ok',
      'backup.start ok',
      'diff.start ok',
      'restore.plan ok',
      'cluster.arm ok',
      'restore.confirm ok',
      'restore.run started',
      'restore.run ok',
      'restore.undo ok',
      'restore.confirm ok',
      'restore.run started',
      'restore.run ok',
    ])
  })

  it('restores everything with ACLs, deletes only when mirroring, and never touches /zookeeper or ephemerals', async () => {
    await tree.setAcl('/app/locks', [{ perms: 31, scheme: 'ip', id: '127.0.0.1' }])
    await client.create({
      path: '/app/live',
      data: null,
      acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
      kind: 'ephemeral',
    })
    const backupId = await backUp()
    await tree.remove('/app')
    await tree.create('/app', 'other')
    await tree.create('/app/extra')
    await tree.create('/app/extra/below')
    await arm()
    const source = `backup:${backupId}`

    const updated = await confirm((await plan({ source })).id)
    expect(updated).toMatchObject({ state: 'succeeded', plan: { deletes: 0, skipped: { ephemeral: 1 } } })
    expect(await tree.text('/app/extra/below')).toBe('')
    expect(await tree.text('/app/live')).toBeUndefined()
    expect((await tree.find('/app/locks'))?.acl).toEqual([{ perms: 31, scheme: 'ip', id: '127.0.0.1' }])
    expect(await tree.text('/app/ünï ✓')).toBe('text')

    const mirrored = await confirm((await plan({ source, mode: 'mirror' })).id)
    expect(mirrored).toMatchObject({ state: 'succeeded', plan: { creates: 0, updates: 0, deletes: 2 } })
    expect(await tree.text('/app/extra')).toBeUndefined()
    const left = await diffWithLive(backupId)
    expect(left.summary).toMatchObject({ added: 0, removed: 0, changed: 0 })
  })

  it('stops at what somebody wrote between plan and run, overwrites nothing, and goes on when told to', async () => {
    const backupId = await backUp()
    await tree.set('/app/config', 'broken')
    await tree.set('/app/locks', 'broken')
    await arm()
    const planned = await plan({ source: `backup:${backupId}` })
    await tree.set('/app/config', 'written by a colleague')
    const stopped = await confirm(planned.id)
    expect(stopped).toMatchObject({
      state: 'conflict',
      report: { verified: null },
      error: { code: 'RESTORE_CONFLICT' },
    })
    expect(await tree.text('/app/config')).toBe('written by a colleague')
    expect(stopped.canResume.ok).toBe(true)

    await resumeRestore(context, planned.id)
    await workOffJobs(services)
    expect((await getRestore(context, planned.id)).state).toBe('conflict')
    expect(await tree.text('/app/config')).toBe('written by a colleague')

    const replanned = await confirm((await plan({ source: `backup:${backupId}`, onConflict: 'stop' })).id)
    expect(replanned.state).toBe('succeeded')
    expect(await tree.text('/app/config')).toBe('{"a":1}')
  })

  it('makes the new plan after a conflict of the same picks, and of nothing else', async () => {
    const backupId = await backUp()
    for (const path of ['/app/config', '/app/locks', '/app/bin']) await tree.set(path, 'broken')
    await arm()
    const selection = { kind: 'picked', paths: ['/app/config'], subtrees: ['/app/locks'] } as const
    const picked = { ...selection, paths: [...selection.paths], subtrees: [...selection.subtrees] }
    const planned = await plan({ source: `backup:${backupId}`, selection: picked, mode: 'mirror' })
    await tree.set('/app/config', 'written by a colleague')
    expect((await confirm(planned.id)).state).toBe('conflict')
    await expect(planAnew(services.contextFor('viewer'), planned.id)).rejects.toMatchObject({ code: 'FORBIDDEN' })

    const anew = await planAnew(context, planned.id)
    expect(anew.restoreId).not.toBe(planned.id)
    expect((await services.readAudit()).filter((entry) => entry.action === 'restore.plan').at(-1)).toMatchObject({
      outcome: 'ok',
      after: { restore: anew.restoreId, again: planned.id, mode: 'mirror' },
    })
    await workOffJobs(services)
    const view = await getRestore(context, anew.restoreId)
    expect(view).toMatchObject({ state: 'planned', mode: 'mirror', scopeLabel: planned.scopeLabel })
    expect((await confirm(anew.restoreId)).state).toBe('succeeded')
    expect(await tree.text('/app/config')).toBe('{"a":1}')
    expect(await tree.text('/app/bin')).toBe('broken')
    expect((await getRestore(context, planned.id)).state).toBe('conflict')
  })

  it('leaves ignored changes out of picked subtrees, says by which rule, and keeps to the rules it was made with', async () => {
    const backupId = await backUp()
    for (const path of ['/app/config', '/app/locks', '/app/bin']) await tree.set(path, 'broken')
    await tree.create('/app/new', 'n')
    await tree.create('/app/new/below', 'n')
    const rule = (pattern: string) => addIgnoreRule(context, { clusterId, pattern, note: `why ${pattern}` })
    await rule('/app/locks')
    services.clock.advance(1)
    const { ruleId } = await rule('/app/new/*')
    services.clock.advance(1)
    await rule('/**/config')
    await arm()
    const diff = await diffWithLive(backupId)
    const picks = { kind: 'picked' as const, paths: ['/app/config'], subtrees: ['/app'] }
    const leaveOutIgnoredOf = diff.id
    const planned = await plan({ source: `backup:${backupId}`, selection: picks, mode: 'mirror', leaveOutIgnoredOf })
    expect(planned.plan).toMatchObject({
      updates: 2,
      deletes: 0,
      skipped: { ignored: 2, 'kept-parent': 1 },
      leftOut: [
        { pattern: '/app/locks', note: 'why /app/locks', changes: 1 },
        { pattern: '/app/new/*', changes: 1 },
      ],
    })
    // A rule that is removed, or made, after the plan changes nothing of it: not even when it is planned once more.
    await removeIgnoreRule(context, { ruleId })
    await tree.set('/app/bin', 'written by a colleague')
    expect((await confirm(planned.id)).state).toBe('conflict')
    const anew = await planAnew(context, planned.id)
    await workOffJobs(services)
    expect((await getRestore(context, anew.restoreId)).plan?.leftOut.map(({ pattern }) => pattern)).toEqual([
      '/app/locks',
      '/app/new/*',
    ])
    expect((await confirm(anew.restoreId)).state).toBe('succeeded')
    // Picked by itself, though a rule hides it.
    expect(await tree.text('/app/config')).toBe('{"a":1}')
    expect(await tree.text('/app/locks')).toBe('broken')
    expect(await tree.text('/app/new/below')).toBe('n')

    const everything = await plan({ source: `backup:${backupId}`, selection: picks, mode: 'mirror' })
    expect(everything.plan).toMatchObject({ updates: 1, deletes: 2, leftOut: [] })
    expect((await confirm(everything.id)).state).toBe('succeeded')
    expect((await diffWithLive(backupId)).summary).toMatchObject({ added: 0, removed: 0, changed: 0 })
    const row = await services.database.client.diff.findUnique({
      where: { id: diff.id },
      select: { ignoreRules: true },
    })
    expect(row?.ignoreRules).toMatchObject([{ pattern: '/app/locks' }, { id: ruleId }, { pattern: '/**/config' }])
  })

  it('notices a znode that was deleted and created anew, though its version is the same', async () => {
    const backupId = await backUp()
    await tree.remove('/app/locks')
    await tree.create('/app/locks', 'mine')
    await arm()
    const planned = await plan({ source: `backup:${backupId}` })
    await tree.remove('/app/locks')
    await tree.create('/app/locks', 'yours')
    services.clock.advance(10_000)
    const view = await getRestore(context, planned.id)
    expect(view.stale?.message).toContain('/app/locks')
    const stopped = await confirm(planned.id)
    expect(stopped).toMatchObject({ state: 'conflict' })
    expect(await tree.text('/app/locks')).toBe('yours')
  })

  it('skips conflicts when told so, and does not call the result a success', async () => {
    const backupId = await backUp()
    await tree.set('/app/config', 'broken')
    await tree.set('/app/locks', 'broken')
    await arm()
    const planned = await plan({ source: `backup:${backupId}`, onConflict: 'skip' })
    await tree.set('/app/config', 'written by a colleague')
    const done = await confirm(planned.id)
    expect(done).toMatchObject({ state: 'incomplete', report: { applied: 1, skipped: 1, verified: false } })
    expect(await tree.text('/app/locks')).toBe('x')
    expect(await tree.text('/app/config')).toBe('written by a colleague')
  })

  it('confirms only the plan that was shown, with the right name, on an armed cluster', async () => {
    const backupId = await backUp()
    await tree.set('/app/config', 'broken')
    const planned = await plan({ source: `backup:${backupId}` })
    const input = { restoreId: planned.id, planHash: planned.plan?.hash ?? '', typedName: 'demo', reason: 'why' }
    await expect(confirmRestore(context, input)).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
    await arm()
    await expect(confirmRestore(context, { ...input, typedName: 'Demo' })).rejects.toMatchObject({
      code: 'CONFIRMATION_MISMATCH',
    })
    await expect(confirmRestore(context, { ...input, planHash: 'sha256:0' })).rejects.toMatchObject({
      code: 'PLAN_CHANGED',
    })
    await expect(confirmRestore(context, { ...input, reason: ' ' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(confirmRestore(services.contextFor('viewer'), input)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await confirmRestore(context, input)
    await expect(confirmRestore(context, input)).rejects.toMatchObject({ code: 'WRONG_STATE' })
    const denied = (await services.readAudit()).filter((entry) => entry.action === 'restore.confirm')
    expect(denied.map((entry) => entry.outcome)).toEqual(['failed', 'failed', 'failed', 'denied', 'ok', 'failed'])
  })

  it('puts a subtree elsewhere, parents and all', async () => {
    const backupId = await backUp()
    await arm()
    const planned = await plan({
      source: `backup:${backupId}`,
      selection: { kind: 'subtree', path: '/app/config' },
      targetPath: '/copy/of/config',
    })
    const done = await confirm(planned.id)
    expect(done.state).toBe('succeeded')
    expect(await tree.text('/copy/of/config/null')).toBeNull()
    expect(await tree.text('/copy/of/config')).toBe('{"a":1}')
  })

  it('restores a subtree backup without a look at what lies beside it', async () => {
    const backupId = await backUp(['/app/config'])
    await tree.remove('/app/config')
    await tree.set('/app', 'changed outside the backup')
    await tree.create('/app/configuration', 'shares the prefix')
    await arm()
    const diff = await diffWithLive(backupId)
    expect(diff.summary).toMatchObject({ added: 0, removed: 3, changed: 0 })
    const done = await confirm((await plan({ source: `backup:${backupId}`, mode: 'mirror' })).id)
    expect(done).toMatchObject({ state: 'succeeded', plan: { creates: 3, updates: 0, deletes: 0 } })
    expect(await tree.text('/app')).toBe('changed outside the backup')
    expect(await tree.text('/app/configuration')).toBe('shares the prefix')

    await tree.remove('/app')
    const fromNothing = await confirm((await plan({ source: `backup:${backupId}` })).id)
    expect(fromNothing.state).toBe('succeeded')
    expect(await tree.text('/app/config')).toBe('{"a":1}')
    expect(await tree.text('/app/bin')).toBeUndefined()
  })
})

describe('a restore that is not wanted any more', () => {
  it('is dropped before it ran, and cannot go on or be taken back', async () => {
    const backupId = await backUp()
    await tree.set('/app/config', 'broken')
    await arm()
    const planned = await plan({ source: `backup:${backupId}` })
    await expect(cancelRestore(services.contextFor('viewer'), planned.id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await cancelRestore(context, planned.id)
    expect(await getRestore(context, planned.id)).toMatchObject({
      state: 'cancelled',
      canResume: { ok: false },
      canUndo: { ok: false },
      canConfirm: { ok: false },
    })
    await expect(resumeRestore(context, planned.id)).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await expect(startUndo(context, planned.id)).rejects.toMatchObject({ code: 'WRONG_STATE' })
    expect(await tree.text('/app/config')).toBe('broken')
  })

  it('is planned again of the tree as it is now, and only the new plan can be confirmed', async () => {
    const backupId = await backUp()
    await tree.set('/app/config', 'broken')
    await arm()
    const planned = await plan({ source: `backup:${backupId}` })
    await tree.set('/app/locks', 'broken too')
    await replanRestore(context, planned.id)
    await workOffJobs(services)
    const again = await getRestore(context, planned.id)
    expect(again).toMatchObject({ state: 'planned', plan: { updates: 2 } })
    const old = { restoreId: planned.id, planHash: planned.plan?.hash ?? '', typedName: 'demo', reason: 'r' }
    await expect(confirmRestore(context, old)).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    expect((await confirm(planned.id)).state).toBe('succeeded')
  })

  it('is cancelled while it waits, and goes on when it is resumed', async () => {
    const backupId = await backUp()
    await tree.set('/app/config', 'broken')
    await arm()
    const planned = await plan({ source: `backup:${backupId}` })
    const input = { restoreId: planned.id, planHash: planned.plan?.hash ?? '', typedName: 'demo', reason: 'r' }
    await confirmRestore(context, input)
    await cancelRestore(context, planned.id)
    expect(await workOffJobs(services)).toBe(0)
    expect(await getRestore(context, planned.id)).toMatchObject({ state: 'cancelled', canResume: { ok: true } })
    await resumeRestore(context, planned.id)
    await workOffJobs(services)
    expect((await getRestore(context, planned.id)).state).toBe('succeeded')
  })

  it('does not run when the cluster was disarmed after the confirmation', async () => {
    const backupId = await backUp()
    await tree.set('/app/config', 'broken')
    await arm()
    const planned = await plan({ source: `backup:${backupId}` })
    await confirmRestore(context, {
      restoreId: planned.id,
      planHash: planned.plan?.hash ?? '',
      typedName: 'demo',
      reason: 'r',
    })
    services.clock.advance(3_600_000)
    await workOffJobs(services)
    const failed = await getRestore(context, planned.id)
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'CLUSTER_READ_ONLY' }, canResume: { ok: false } })
    expect(await tree.text('/app/config')).toBe('broken')
    await arm()
    await resumeRestore(context, planned.id)
    await workOffJobs(services)
    expect((await getRestore(context, planned.id)).state).toBe('succeeded')
  })
})

describe('the catalog', () => {
  it('hands out the files of an archive byte for byte, and nothing else', async () => {
    const backupId = await backUp()
    const { manifest } = await getBackup(context, backupId)
    for (const file of manifest.files) {
      const { stream, bytes } = await openBackupFile(context, { backupId, name: file.name })
      const hash = createHash('sha256')
      for await (const chunk of stream) hash.update(chunk)
      expect([bytes, hash.digest('hex')]).toEqual([file.bytes, file.sha256])
    }
    const { stream } = await openBackupFile(context, { backupId, name: 'manifest.json' })
    expect(JSON.parse(await text(stream))).toEqual(manifest)
    for (const name of ['../../arkeeper.db', '/etc/passwd', 'other']) {
      await expect(openBackupFile(context, { backupId, name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  it('calls a backup partial when something could not be read, and never the last good one', async () => {
    await tree.setAcl('/app/locks', [{ perms: 16, scheme: 'world', id: 'anyone' }])
    const backupId = await backUp()
    const backup = await getBackup(context, backupId)
    expect(backup).toMatchObject({ status: 'partial', isLastGood: false })
    expect(backup.manifest.fidelity.unreadable).toEqual(['/app/locks'])
    const job = (await listJobs(context)).find(({ subjectId }) => subjectId === backupId)
    expect((await getJob(context, job?.id ?? '')).log.map((line) => line.message).join()).toContain('/app/locks')
    const diff = await diffWithLive(backupId)
    expect(diff.summary).toMatchObject({ added: 0, removed: 0, changed: 0, unreadable: ['/app/locks'] })
  })

  it('lists page by page, each backup once', async () => {
    const made: string[] = []
    for (let i = 0; i < 3; i++) made.push(await backUp(['/app/config']))
    const seen: string[] = []
    for (let before: string | null = null; ; ) {
      const page = await listBackups(context, { clusterId, limit: 1, before })
      seen.push(...page.backups.map((backup) => backup.id))
      if (page.next === null) break
      before = page.next
    }
    expect(seen.sort()).toEqual(made.sort())
  })

  it('lets nobody start work above their role, and says so in the audit', async () => {
    await expect(startBackup(services.contextFor('viewer'), { clusterId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await workOffJobs(services)).toBe(0)
    expect((await services.readAudit()).at(-1)).toMatchObject({ action: 'backup.start', outcome: 'denied' })
  })

  it('has no backup of a path that does not exist, and says so', async () => {
    const { jobId } = await startBackup(context, { clusterId, paths: ['/nope'] })
    await workOffJobs(services)
    const job = await getJob(context, jobId)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'NO_NODE' } })
    expect(job.log.at(-1)?.level).toBe('error')
    expect((await listBackups(context)).backups).toEqual([])
    expect((await services.readAudit()).at(-1)).toMatchObject({
      action: 'backup.start',
      outcome: 'failed',
      actorName: 'admin one',
      clusterName: 'demo',
    })
    await tree.create('/nope')
    await retryJob(context, jobId)
    await workOffJobs(services)
    expect((await listBackups(context)).backups).toHaveLength(1)
  })

  it('finds an archive that was tampered with', async () => {
    const backupId = await backUp()
    await startVerify(context, backupId)
    await workOffJobs(services)
    const sound = await getBackup(context, backupId)
    expect(sound).toMatchObject({ verifyOk: true, isLastGood: true })
    const file = sound.manifest.files.find(({ name }) => name.startsWith('snapshot.'))?.name ?? ''
    await appendFile(join(sound.archiveDir ?? '', file), 'x')
    const { jobId } = await startVerify(context, backupId)
    await workOffJobs(services)
    expect((await getJob(context, jobId)).state).toBe('succeeded')
    const damaged = await getBackup(context, backupId)
    expect(damaged).toMatchObject({ verifyOk: false, isLastGood: false })
    expect(damaged.verifyReport?.problems.length).toBeGreaterThan(0)
  })

  it('never loses the last good backup by accident, nor a pinned one at all, and leaves no files of a deleted one', async () => {
    const first = await backUp()
    await expect(deleteBackup(context, { backupId: first })).rejects.toMatchObject({ code: 'LAST_GOOD_BACKUP' })
    services.clock.advance(1000)
    const part = await backUp(['/app/config'])
    await expect(deleteBackup(context, { backupId: first })).rejects.toMatchObject({ code: 'LAST_GOOD_BACKUP' })
    services.clock.advance(1000)
    const second = await backUp()
    await setBackupPinned(context, { backupId: first, pinned: true })
    await expect(deleteBackup(context, { backupId: first })).rejects.toMatchObject({ code: 'BACKUP_PINNED' })
    await setBackupPinned(context, { backupId: first, pinned: false })
    await deleteBackup(context, { backupId: first })
    await expect(getBackup(context, first)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(deleteBackup(services.contextFor('operator'), { backupId: part })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await deleteBackup(context, { backupId: part })
    await expect(deleteBackup(context, { backupId: second })).rejects.toMatchObject({ code: 'LAST_GOOD_BACKUP' })
    await deleteBackup(context, { backupId: second, acknowledgeLastGood: true })
    expect(await readdir(join(context.paths.storeDir, 'demo'))).toEqual([])
  })
})
