import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '../adapters/database/open-database.ts'
import { createLog } from '../adapters/log/create-log.ts'
import { WorkerLoop } from '../worker/loop.ts'
import { createQueue } from '../worker/queue.ts'

/** Its time goes faster than the host's, so that a lease is over sooner: nobody has to wait for a quarter of a minute. */
const SPEED = 5
/** A job that does not come to an end by itself at its first attempt: whoever has it is to be killed. */
const STUCK = 'stuck'

// A worker with the real queue and loop, whose jobs leave one mark each in the transaction that ends them. `url name`.
const [url = '', name = ''] = process.argv.slice(2)
const { client, clock, close } = await openDatabase(url)
const startedAt = clock.now()
const fast = { now: () => Math.round(startedAt + (clock.now() - startedAt) * SPEED) }

const loop = new WorkerLoop({
  queue: createQueue(client, fast, { name, host: 'test', pid: process.pid }),
  log: createLog({ level: 'silent' }),
  slots: 2,
  onSwept: async () => undefined,
  work: async (job, run, signal) => {
    if (job.subjectId === STUCK && job.attempts === 1) await pause(600_000, undefined, { signal })
    run.assertOwned()
    const key = `effect of ${job.id}`
    return {
      message: 'done',
      result: {},
      commit: async (tx) => {
        const before = await tx.setting.findUnique({ where: { key } })
        if (before) await tx.setting.update({ where: { key }, data: { value: `${before.value} ${job.attempts}` } })
        else await tx.setting.create({ data: { key, value: String(job.attempts) } })
      },
    }
  },
})
process.on('SIGTERM', () => void loop.stop(5_000))
await loop.run()
await close()
