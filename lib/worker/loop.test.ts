import { expect, it } from 'vitest'
import type { ClaimedJob } from '../jobs/claim-job.ts'
import { silentLog } from '../testing/engine-context.ts'
import { WorkerLoop } from './loop.ts'
import type { Queue } from './queue.ts'

const jobOf = (id: string, kind: string): ClaimedJob => ({
  id,
  kind,
  payload: {},
  clusterId: null,
  otherClusterId: null,
  subjectId: null,
  actorId: 'u1',
  actorName: 'Ada',
  tokenId: null,
  attempts: 1,
  attemptsMax: 2,
  owner: 'w',
  token: 1,
})

it('has one drill at work, and its other place free for what else waits', async () => {
  const waiting = [jobOf('d1', 'drill'), jobOf('d2', 'drill'), jobOf('v1', 'verify'), jobOf('v2', 'verify')]
  const begun: string[] = []
  const release = new Map<string, () => void>()
  let onBegin: () => void = () => undefined
  const queue: Queue = {
    claim: async (except = []) => {
      const at = waiting.findIndex(({ kind }) => !except.includes(kind))
      return at < 0 ? null : (waiting.splice(at, 1)[0] ?? null)
    },
    beat: async () => ({ owned: true, cancelRequested: false }),
    progress: async () => undefined,
    log: async () => undefined,
    settle: async () => true,
    hasSucceeded: async () => true,
    release: async () => true,
    postpone: async () => true,
    sweep: async () => [],
    seen: async () => undefined,
    gone: async () => undefined,
  }
  const loop = new WorkerLoop({
    queue,
    log: silentLog,
    slots: 2,
    onSwept: async () => undefined,
    work: async (job) => {
      const ended = new Promise<void>((resolve) => release.set(job.id, resolve))
      begun.push(job.id)
      onBegin()
      await ended
      return { result: {}, message: 'done' }
    },
  })
  const untilBegun = (count: number) =>
    new Promise<void>((resolve) => {
      onBegin = () => {
        if (begun.length >= count) resolve()
      }
      onBegin()
    })
  const running = loop.run()
  await untilBegun(2)
  expect(begun).toEqual(['d1', 'v1'])
  release.get('v1')?.()
  await untilBegun(3)
  expect(begun).toEqual(['d1', 'v1', 'v2'])
  release.get('d1')?.()
  await untilBegun(4)
  expect(begun).toEqual(['d1', 'v1', 'v2', 'd2'])
  for (const end of release.values()) end()
  await loop.stop(10_000)
  await running
})
