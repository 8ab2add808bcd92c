import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { keepLogsSchema } from './schemas.ts'

/** Switches the keeping of a cluster's transaction log on or off. What is archived stays, whatever is chosen. */
export async function keepLogs(context: ServiceContext, input: z.input<typeof keepLogsSchema>): Promise<void> {
  const { clusterId, enabled, everySeconds } = parseInput(keepLogsSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  if (enabled && (await listClusterMembers(context, id)).length === 0) {
    throw new ServiceError('INVALID_INPUT', `No member of ${name} is named in the server's configuration file`, {
      unaffected: 'nothing was changed',
      remedy: 'name a member with its dataDir there (README, Members): its logs are read from that folder',
    })
  }
  const nextRunAt = new Date(context.clock.now())
  await mutate(
    context,
    { action: 'logs.keep', cluster: { id, name }, after: { enabled, everySeconds } },
    async (tx, record) => {
      const before = await tx.logKeeping.findUnique({
        where: { clusterId: id },
        select: { enabled: true, everySeconds: true },
      })
      record({ before: before ?? { enabled: false } })
      await tx.logKeeping.upsert({
        where: { clusterId: id },
        create: { clusterId: id, enabled, everySeconds, nextRunAt },
        update: { enabled, everySeconds, nextRunAt },
        select: { clusterId: true },
      })
    },
  )
}
