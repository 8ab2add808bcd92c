import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTempDatabase, type TempDatabase } from '../testing/temp-database.ts'
import { beatJob } from './beat-job.ts'
import { requestJobCancel } from './cancel-job.ts'
import { claimJob } from './claim-job.ts'
import { LEASE_MS } from './definitions.ts'
import { enqueueJob } from './enqueue-job.ts'
import { postponeJob } from './postpone-job.ts'
import { reportJobProgress } from './report-job-progress.ts'
import { requeueJob } from './retry-job.ts'
import { releaseJob, settleJob } from './settle-job.ts'
import { type SweptJob, sweepJobs } from './sweep-jobs.ts'

let database: TempDatabase
const NOW = Date.UTC(2026, 0, 2)

beforeEach(async () => {
  database = await createTempDatabase()
})
afterEach(async () => {
  await database.close()
})

const db = () => database.client
const actor = { id: 'u1', name: 'Ada' }
const enqueue = (id: string, nowMs = NOW) =>
  enqueueJob(db(), { id, kind: 'verify', payload: { backupId: 'b' }, clusterId: null, subjectId: 'b', actor, nowMs })
const claim = async (owner: string, nowMs = NOW) => {
  const job = await claimJob(db(), { owner, nowMs })
  if (!job) throw new Error('nothing to claim')
  return job
}
const stateOf = async (id: string) => (await db().job.findUniqueOrThrow({ where: { id } })).state
const done = { state: 'succeeded', result: {} } as const
const sweep = async (nowMs: number) => {
  const ended: SweptJob[] = []
  const swept = await sweepJobs(db(), nowMs, async (_tx, job) => void ended.push(job))
  return { swept, ended }
}

describe('the queue', () => {
  it('gives each job to one worker only, the oldest first', async () => {
    await enqueue('j2', NOW + 1)
    await enqueue('j1', NOW)
    const jobs = await Promise.all(['a', 'b', 'c'].map((owner) => claimJob(db(), { owner, nowMs: NOW + 2 })))
    expect(
      jobs
        .map((job) => job?.id)
        .filter(Boolean)
        .sort(),
    ).toEqual(['j1', 'j2'])
    expect(await claimJob(db(), { owner: 'd', nowMs: NOW + 2 })).toBeNull()
  })

  it('does not give out a job before its time', async () => {
    await enqueue('j1', NOW + 1000)
    expect(await claimJob(db(), { owner: 'a', nowMs: NOW })).toBeNull()
  })

  it('refuses every write of an owner whose job was taken over', async () => {
    await enqueue('j1')
    const first = await claim('a')
    await sweep(NOW + LEASE_MS + 1)
    const second = await claim('b', NOW + LEASE_MS + 1)
    expect(second).toMatchObject({ attempts: 2, token: first.token + 1 })
    expect(await beatJob(db(), first, NOW + LEASE_MS + 2)).toEqual({ owned: false })
    expect(await settleJob(db(), first, done, NOW)).toBe(false)
    expect(await reportJobProgress(db(), first, {})).toBe(false)
    expect(await releaseJob(db(), first, NOW)).toBe(false)
    expect(await settleJob(db(), second, done, NOW)).toBe(true)
    expect(await stateOf('j1')).toBe('succeeded')
  })

  it('refuses it even when the same worker has claimed the job anew', async () => {
    await enqueue('j1')
    const first = await claim('a')
    await sweep(NOW + LEASE_MS + 1)
    await claim('a', NOW + LEASE_MS + 1)
    expect(await settleJob(db(), first, done, NOW)).toBe(false)
  })

  it('keeps a job whose worker gives signs of life', async () => {
    await enqueue('j1')
    const job = await claim('a')
    await beatJob(db(), job, NOW + LEASE_MS)
    expect((await sweep(NOW + LEASE_MS + 1)).swept).toEqual([])
    expect(await settleJob(db(), job, done, NOW)).toBe(true)
  })

  it('fails a job for good when its attempts are used up, with a cause that people understand', async () => {
    await enqueue('j1')
    let now = NOW
    for (let attempt = 0; attempt < 2; attempt++) {
      await claim('a', now)
      now += LEASE_MS + 1
      const { swept, ended } = await sweep(now)
      expect(swept.map((job) => job.outcome)).toEqual([attempt === 0 ? 'requeued' : 'failed'])
      expect(ended).toHaveLength(attempt)
    }
    const row = await db().job.findUniqueOrThrow({ where: { id: 'j1' }, include: { logs: true } })
    expect(row).toMatchObject({ state: 'failed', error: { code: 'WORKER_STOPPED' } })
    expect(row.logs).toHaveLength(2)
  })

  it('does not count an attempt that a stopping worker gives back', async () => {
    await enqueue('j1')
    for (let i = 0; i < 5; i++) {
      const job = await claim('a')
      expect(job.attempts).toBe(1)
      expect(await releaseJob(db(), job, NOW)).toBe(true)
    }
  })

  it('begins a postponed job again after a while, with the attempt counted', async () => {
    await enqueue('j1')
    const first = await claim('a')
    expect(await postponeJob(db(), first, NOW)).toBe(true)
    expect(await postponeJob(db(), first, NOW)).toBe(false)
    expect(await claimJob(db(), { owner: 'b', nowMs: NOW + 1_000 })).toBeNull()
    expect(await claim('b', NOW + 2_000)).toMatchObject({ id: 'j1', attempts: 2 })
  })

  it('cancels a waiting job at once, asks a running one, and a lost one is not begun again', async () => {
    await enqueue('waiting')
    expect(await requestJobCancel(db(), 'waiting', NOW)).toBe('cancelled')
    await enqueue('running')
    const job = await claim('a')
    expect(await requestJobCancel(db(), 'running', NOW)).toBe('requested')
    expect(await beatJob(db(), job, NOW)).toEqual({ owned: true, cancelRequested: true })
    expect((await sweep(NOW + LEASE_MS + 1)).swept).toMatchObject([{ outcome: 'cancelled' }])
    await expect(requestJobCancel(db(), 'running', NOW)).rejects.toMatchObject({ code: 'JOB_WRONG_STATE' })
    await expect(requestJobCancel(db(), 'none', NOW)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  })

  it('gives back no job that was cancelled since its last beat', async () => {
    await enqueue('j1')
    const job = await claim('a')
    await requestJobCancel(db(), 'j1', NOW)
    expect(await postponeJob(db(), job, NOW)).toBe(false)
    expect(await releaseJob(db(), job, NOW)).toBe(false)
    expect(await settleJob(db(), job, { state: 'cancelled', error: null }, NOW)).toBe(true)
    expect(await stateOf('j1')).toBe('cancelled')
  })

  it('gives a retried job one more attempt, and retries only what has ended badly', async () => {
    await enqueue('j1')
    const job = await claim('a')
    await expect(requeueJob(db(), 'j1', NOW)).rejects.toMatchObject({ code: 'JOB_WRONG_STATE' })
    await settleJob(db(), job, { state: 'failed', error: { code: 'X', message: 'x' } }, NOW)
    await requeueJob(db(), 'j1', NOW)
    const again = await claim('b')
    expect(again).toMatchObject({ id: 'j1', attempts: 2 })
    await settleJob(db(), again, done, NOW)
    await expect(requeueJob(db(), 'j1', NOW)).rejects.toMatchObject({ code: 'JOB_WRONG_STATE' })
  })

  it('refuses a payload that its kind does not know', async () => {
    const wrong = { backupId: 1 } as unknown as { backupId: string }
    await expect(
      enqueueJob(db(), {
        id: 'x',
        kind: 'verify',
        payload: wrong,
        clusterId: null,
        subjectId: null,
        actor,
        nowMs: NOW,
      }),
    ).rejects.toThrow()
  })
})
