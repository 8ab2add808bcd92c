import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { parseRoots } from '../engine/scope.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { factsOf, firstTurn } from './schedule-row.ts'
import { createScheduleSchema, SCHEDULES_OF_CLUSTER_MAX } from './schemas.ts'

/** Backups of a cluster by the clock, the first at the next time of the cron. Its runs are no deeds of whoever has set it. */
export async function createSchedule(
  context: ServiceContext,
  input: z.input<typeof createScheduleSchema>,
): Promise<{ readonly scheduleId: string }> {
  const { clusterId, paths, jitterMinutes, ...chosen } = parseInput(createScheduleSchema, input)
  const cluster = await getClusterForWriting(context, clusterId)
  const scopePaths = parseRoots(paths)
  const now = new Date(context.clock.now())
  const id = context.newId()
  const jitterSeconds = Math.round(jitterMinutes * 60)
  const turn = firstTurn({ id, ...chosen, jitterSeconds }, now.getTime())
  const row = { ...chosen, ...turn, scopePaths, jitterSeconds, pausedUntil: null }
  await mutate(
    context,
    {
      action: 'schedule.create',
      cluster: { id: cluster.id, name: cluster.name },
      after: { schedule: id, ...factsOf(row) },
    },
    async (tx) => {
      if ((await tx.schedule.count({ where: { clusterId } })) >= SCHEDULES_OF_CLUSTER_MAX) {
        throw new ServiceError('TOO_MANY', `${cluster.name} has ${SCHEDULES_OF_CLUSTER_MAX} schedules already`, {
          unaffected: 'nothing was changed',
          remedy: 'remove one, or let one schedule take several subtrees',
        })
      }
      await assertNameFree(tx, { clusterId, name: row.name, except: null })
      await tx.schedule.create({
        data: { id, clusterId, ...row, createdById: context.actor.id, createdAt: now },
        select: { id: true },
      })
    },
  )
  return { scheduleId: id }
}

export async function assertNameFree(
  tx: Transaction,
  { clusterId, name, except }: { readonly clusterId: string; readonly name: string; readonly except: string | null },
): Promise<void> {
  const other = await tx.schedule.findUnique({ where: { clusterId_name: { clusterId, name } }, select: { id: true } })
  if (other === null || other.id === except) return
  throw new ServiceError('NAME_TAKEN', `There is a schedule ${name} of this cluster already`, {
    unaffected: 'nothing was changed',
    remedy: 'choose another name, or change that one',
    details: { fields: { name: 'This name is taken' } },
  })
}
