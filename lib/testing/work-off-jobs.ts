import { hostname } from 'node:os'
import { createQueue } from '../worker/queue.ts'
import { RunningJob } from '../worker/run-job.ts'
import { createWork } from '../worker/work-on-job.ts'
import type { TestServices } from './service-context.ts'

/** A worker in this process: runs what waits, one after the other, until nothing waits any more but kinds `except`. Gives how many jobs it ran. */
export async function workOffJobs(
  services: TestServices,
  { except }: { readonly except?: readonly string[] } = {},
): Promise<number> {
  const context = services.contextFor('admin')
  const owner = { name: `test:${process.pid}`, host: hostname(), pid: process.pid }
  const queue = createQueue(context.db, context.clock, owner)
  const work = createWork({
    db: context.db,
    contextFor: (actor, options) => ({ ...services.contextFor('admin', options), actor }),
  })
  for (let ran = 0; ; ran++) {
    const job = await queue.claim(except)
    if (!job) return ran
    await new RunningJob(queue, job, context.log, performance.now()).run(work)
  }
}

/** Jobs run as the person who asked for them, who must exist. */
export async function addTestPeople(services: TestServices): Promise<void> {
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    await services.database.client.user.create({
      data: { id: `${role}-1`, name: `${role} one`, email: `${role}@example.org`, role },
    })
  }
}
