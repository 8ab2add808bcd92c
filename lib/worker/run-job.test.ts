import { describe, expect, it, vi } from 'vitest'
import { ZooKeeperError } from '../adapters/zookeeper/errors.ts'
import { CancelledError } from '../base/errors.ts'
import type { ClaimedJob } from '../jobs/claim-job.ts'
import { BEAT_MS, LEASE_MS } from '../jobs/definitions.ts'
import type { JobOutcome } from '../jobs/settle-job.ts'
import { RestoreCutShort } from '../services/engine/errors.ts'
import { ServiceError } from '../services/errors.ts'
import type { JobResult } from '../services/jobs/job-run.ts'
import { silentLog } from '../testing/engine-context.ts'
import type { Queue } from './queue.ts'
import { RunningJob, type WorkOnJob } from './run-job.ts'

const job: ClaimedJob = {
  id: 'j1',
  kind: 'verify',
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
}

/** The queue's contract in memory: who is the owner is told by the test. */
class FakeQueue implements Queue {
  owned = true
  cancelRequested = false
  failSettling = 0
  /** The failing attempts are carried out all the same; only their answer is lost. */
  failAfterwards = false
  readonly settled: JobOutcome[] = []
  readonly released: string[] = []
  readonly postponed: string[] = []
  readonly lines: string[] = []
  progressWrites = 0
  claim = async () => null
  beat = async () =>
    this.owned ? ({ owned: true, cancelRequested: this.cancelRequested } as const) : ({ owned: false } as const)
  progress = async () => {
    this.progressWrites++
  }
  log = async (_job: string, level: string, message: string) => {
    this.lines.push(`${level} ${message}`)
  }
  settle = async (_job: ClaimedJob, outcome: JobOutcome) => {
    if (this.failSettling > 0) {
      this.failSettling--
      if (this.failAfterwards) {
        this.settled.push(outcome)
        this.owned = false
      }
      throw new Error('database is locked')
    }
    if (!this.owned) return false
    this.settled.push(outcome)
    return true
  }
  hasSucceeded = async () => this.settled.some((outcome) => outcome.state === 'succeeded')
  release = async (released: ClaimedJob) => {
    if (!this.owned || this.cancelRequested) return false
    this.released.push(released.id)
    return true
  }
  postpone = async (job: ClaimedJob) => {
    if (!this.owned || this.cancelRequested) return false
    this.postponed.push(job.id)
    return true
  }
  sweep = async () => []
  seen = async () => undefined
  gone = async () => undefined
}

const result = (changes: Partial<JobResult> = {}): JobResult => ({ result: {}, message: 'done', ...changes })
const untilAborted: WorkOnJob = (_job, _run, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new CancelledError())))

function start(queue: FakeQueue, work: WorkOnJob) {
  const running = new RunningJob(queue, job, silentLog, performance.now())
  return { running, done: running.run(work) }
}

describe('RunningJob', () => {
  it('settles what succeeded, and what failed with its cause', async () => {
    const queue = new FakeQueue()
    await start(queue, async () => result()).done
    await start(queue, async () => {
      throw new ServiceError('NOT_FOUND', 'gone', { remedy: 'look elsewhere' })
    }).done
    expect(queue.settled).toMatchObject([
      { state: 'succeeded' },
      { state: 'failed', error: { code: 'NOT_FOUND', message: 'gone', remedy: 'look elsewhere' } },
    ])
    expect(queue.lines).toEqual(['info done', 'error gone — look elsewhere'])
  })

  it('fails the job but keeps what was done when the work ends short of what was asked for', async () => {
    const queue = new FakeQueue()
    await start(queue, async () => result({ failure: { code: 'C', message: 'conflict' }, message: 'conflict' })).done
    expect(queue.settled).toMatchObject([{ state: 'failed', error: { code: 'C' } }])
  })

  it('throws the result away when the job was lost, and settles nothing', async () => {
    const queue = new FakeQueue()
    const discard = vi.fn(async () => undefined)
    await start(queue, async () => {
      queue.owned = false
      return result({ discard })
    }).done
    expect(queue.settled).toEqual([])
    expect(discard).toHaveBeenCalledOnce()
  })

  it('tries again when the database is busy, rather than losing the work', async () => {
    const queue = new FakeQueue()
    queue.failSettling = 2
    const discard = vi.fn(async () => undefined)
    await start(queue, async () => result({ discard })).done
    expect(queue.settled).toMatchObject([{ state: 'succeeded' }])
    expect(discard).not.toHaveBeenCalled()
  })

  it('keeps a result that is in the catalog although the answer was lost', async () => {
    const queue = new FakeQueue()
    queue.failSettling = 1
    queue.failAfterwards = true
    const discard = vi.fn(async () => undefined)
    await start(queue, async () => result({ discard })).done
    expect(discard).not.toHaveBeenCalled()
    expect(queue.settled).toHaveLength(1)
  })

  it('throws the result away when it could not be settled at all', async () => {
    const queue = new FakeQueue()
    queue.failSettling = 5
    const discard = vi.fn(async () => undefined)
    await start(queue, async () => result({ discard })).done
    expect(discard).toHaveBeenCalledOnce()
  })

  it('keeps a result whose last line of progress the database did not take', async () => {
    const queue = new FakeQueue()
    queue.progress = () => Promise.reject(new Error('database is locked'))
    const progress = { stage: 'x', done: 1, total: null, bytes: 0, ratePerSecond: 0, etaMs: null }
    await start(queue, async (_job, run) => {
      run.progress(progress)
      return result()
    }).done
    expect(queue.settled).toMatchObject([{ state: 'succeeded' }])
  })

  it('tries again later, rather than failing, when the database could not be used and attempts are left', async () => {
    const away = Object.assign(new Error('Operations timed out'), {
      name: 'PrismaClientKnownRequestError',
      code: 'P1008',
    })
    const queue = new FakeQueue()
    await start(queue, async () => {
      throw new ServiceError('NOT_FOUND', 'wrapped', { cause: away })
    }).done
    expect(queue).toMatchObject({ postponed: ['j1'], settled: [] })
    const last = new RunningJob(queue, { ...job, attempts: 2 }, silentLog, performance.now())
    await last.run(async () => {
      throw away
    })
    expect(queue.settled).toMatchObject([{ state: 'failed' }])
    // What was asked was wrong: another attempt would fail like this one.
    await start(queue, async () => {
      throw Object.assign(new Error('unique'), { name: 'PrismaClientKnownRequestError', code: 'P2002' })
    }).done
    expect(queue).toMatchObject({ postponed: ['j1'], settled: [{ state: 'failed' }, { state: 'failed' }] })
  })

  it('lets a restore that lost its cluster in the middle go on by itself, and one that could not begin fail at once', async () => {
    const queue = new FakeQueue()
    const fail = (kind: string, attempts: number, error: Error) =>
      new RunningJob(queue, { ...job, kind, attempts, attemptsMax: 5 }, silentLog, performance.now()).run(async () => {
        throw error
      })
    const lost = new RestoreCutShort('SESSION_EXPIRED', 'the session has expired')
    const refused = new ZooKeeperError('CONNECT_REFUSED', 'nobody listens')
    await fail('run-restore', 1, lost)
    await fail('run-restore', 2, refused)
    expect(queue).toMatchObject({ postponed: ['j1', 'j1'], settled: [] })
    await fail('run-restore', 1, refused)
    await fail('run-restore', 5, lost)
    await fail('run-restore', 1, new RestoreCutShort('NO_SPACE', 'full'))
    await fail('backup', 1, lost)
    expect(queue).toMatchObject({
      postponed: ['j1', 'j1'],
      settled: [
        { error: { code: 'CONNECT_REFUSED' } },
        { error: { code: 'SESSION_EXPIRED' } },
        { error: { code: 'NO_SPACE' } },
        { error: { code: 'SESSION_EXPIRED' } },
      ],
    })
  })

  it('tells the work when its lease runs out, whatever the database does meanwhile', async () => {
    vi.useFakeTimers()
    try {
      const queue = new FakeQueue()
      queue.beat = () => new Promise(() => undefined)
      const { done } = start(queue, untilAborted)
      await vi.advanceTimersByTimeAsync(LEASE_MS)
      await done
      expect(queue).toMatchObject({ settled: [], released: [], postponed: [] })
    } finally {
      vi.useRealTimers()
    }
  })

  it('gives the job back when the worker stops', async () => {
    const queue = new FakeQueue()
    const { running, done } = start(queue, untilAborted)
    running.shutDown()
    await done
    expect(queue.released).toEqual(['j1'])
    expect(queue.settled).toEqual([])
  })

  it('ends a job that was cancelled since its last beat, instead of giving it back to go on', async () => {
    const queue = new FakeQueue()
    queue.cancelRequested = true
    const { running, done } = start(queue, untilAborted)
    running.shutDown()
    await done
    const restore = { ...job, kind: 'run-restore', attemptsMax: 5 }
    await new RunningJob(queue, restore, silentLog, performance.now()).run(async () => {
      throw new RestoreCutShort('SESSION_EXPIRED', 'the session has expired')
    })
    expect(queue).toMatchObject({ released: [], postponed: [] })
    expect(queue.settled).toEqual([
      { state: 'cancelled', error: null },
      { state: 'cancelled', error: null },
    ])
  })

  it('cancels when it is asked to, stops when it is lost, and does not own a job after its lease', async () => {
    vi.useFakeTimers()
    try {
      const cancelled = new FakeQueue()
      cancelled.cancelRequested = true
      const first = start(cancelled, untilAborted)
      await vi.advanceTimersByTimeAsync(BEAT_MS)
      await first.done
      expect(cancelled.settled).toEqual([{ state: 'cancelled', error: null }])

      const lost = new FakeQueue()
      lost.owned = false
      const second = start(lost, untilAborted)
      await vi.advanceTimersByTimeAsync(BEAT_MS)
      await second.done
      expect([lost.settled, lost.released]).toEqual([[], []])

      const silent = new FakeQueue()
      silent.beat = () => Promise.reject(new Error('database is locked'))
      let refused: unknown = null
      const third = start(silent, async (_job, run, signal) => {
        run.assertOwned()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        try {
          run.assertOwned()
        } catch (error) {
          refused = error
        }
        throw new CancelledError()
      })
      await vi.advanceTimersByTimeAsync(LEASE_MS + BEAT_MS)
      await third.done
      expect(refused).toMatchObject({ code: 'LEASE_LOST' })
      expect(silent.settled).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })

  it('does not own a job after its host has slept, though its own time stood still', async () => {
    vi.useFakeTimers()
    try {
      let refused: unknown = null
      const { done } = start(new FakeQueue(), async (_job, run) => {
        run.assertOwned()
        vi.setSystemTime(Date.now() + LEASE_MS)
        try {
          run.assertOwned()
        } catch (error) {
          refused = error
        }
        throw new CancelledError()
      })
      await done
      expect(refused).toMatchObject({ code: 'LEASE_LOST' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('writes progress at most twice a second', async () => {
    vi.useFakeTimers()
    try {
      const queue = new FakeQueue()
      const progress = { stage: 'x', done: 1, total: null, bytes: 0, ratePerSecond: 0, etaMs: null }
      const { done } = start(queue, async (_job, run) => {
        for (let i = 0; i < 1000; i++) {
          run.progress(progress)
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
        return result()
      })
      await vi.advanceTimersByTimeAsync(1100)
      await done
      expect(queue.progressWrites).toBeGreaterThan(0)
      expect(queue.progressWrites).toBeLessThanOrEqual(3)
    } finally {
      vi.useRealTimers()
    }
  })
})
