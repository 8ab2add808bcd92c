import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDatabaseWorkFiles } from '../adapters/workfiles/database-work-files.ts'
import { type ClaimedJob, claimJob } from '../jobs/claim-job.ts'
import { LEASE_MS } from '../jobs/definitions.ts'
import { enqueueJob } from '../jobs/enqueue-job.ts'
import { sweepJobs } from '../jobs/sweep-jobs.ts'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import type { ServiceContext } from './context.ts'
import { sweepWorkFolders } from './sweep-work-folders.ts'
import { withWorkFolder } from './work-folder.ts'

const FOLDER = 'restores/r1'

let services: TestServices
let context: ServiceContext
beforeEach(async () => {
  services = await createTestServices({
    workFiles: ({ client, dir }, clock) => createDatabaseWorkFiles({ db: client, workDir: join(dir, 'work'), clock }),
  })
  context = services.contextFor('admin')
  const { actor, clock } = context
  await enqueueJob(context.db, {
    id: 'j1',
    kind: 'run-restore',
    payload: { restoreId: 'r1' },
    clusterId: 'c1',
    subjectId: 'r1',
    actor,
    nowMs: clock.now(),
  })
})
afterEach(() => services.close())

async function claim(owner: string): Promise<ClaimedJob> {
  const job = await claimJob(context.db, { owner, nowMs: services.clock.now() })
  if (job === null) throw new Error('there was no job to claim')
  return job
}

test('a worker that was thought dead adds nothing to the journal once another has the job, and publishes nothing', async () => {
  const former = await claim('w1')
  await withWorkFolder(context, { folder: FOLDER, run: { job: former } }, async (folder) => {
    const lines = await folder.openLines('journal.jsonl')
    await lines?.append('{"kind":"intent"}', { durable: true })
    await writeFile(join(folder.dir, 'report.json'), '{}')

    services.clock.advance(LEASE_MS + 1)
    expect(await sweepJobs(context.db, services.clock.now(), async () => undefined)).toMatchObject([{ id: 'j1' }])
    await expect(lines?.append('{"kind":"late"}', { durable: true })).rejects.toMatchObject({ code: 'LEASE_LOST' })
    const next = await claim('w2')
    await withWorkFolder(context, { folder: FOLDER, run: { job: next } }, async (own) => {
      expect(await readFile(join(own.dir, 'journal.jsonl'), 'utf8')).toBe('{"kind":"intent"}\n')
      const more = await own.openLines('journal.jsonl')
      await more?.append('{"kind":"resumed"}', { durable: true })
    })
    await expect(lines?.append('{"kind":"later"}', { durable: true })).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await expect(folder.publish(['report.json'])).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })
  const dir = await context.workFiles.fetch(FOLDER)
  expect(await readdir(dir)).toEqual(['journal.jsonl'])
  expect(await readFile(join(dir, 'journal.jsonl'), 'utf8')).toBe('{"kind":"intent"}\n{"kind":"resumed"}\n')
})

test('a folder whose row is gone is removed after a day, and one that is in the catalog stays', async () => {
  for (const name of ['kept', 'left']) {
    const folder = await context.workFiles.begin(join('diffs', name))
    await writeFile(join(folder.dir, 'index.json'), '[]')
    await folder.publish()
  }
  const sides = { left: 'live:c1', right: 'live:c1', leftLabel: 'a', rightLabel: 'b', path: '/', options: {} }
  await context.db.diff.create({ data: { id: 'kept', ...sides, dir: 'diffs/kept', createdById: 'admin-1' } })
  expect(await sweepWorkFolders(context)).toBe(0)
  services.clock.advance(25 * 3_600_000)
  expect(await sweepWorkFolders(context)).toBe(1)
  expect((await context.workFiles.list('diffs')).map(({ folder }) => folder)).toEqual(['diffs/kept'])
})
