import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { parseInput } from '../parse-input.ts'
import { SAMPLE_COLUMNS, toServerHealthView } from './sample-columns.ts'
import { listHealthSamplesSchema } from './schemas.ts'
import type { HealthSampleView } from './views.ts'

/** Looks as they are stored, oldest first: how many there are of a time depends on how long ago it is. Throws NOT_FOUND. */
export async function listHealthSamples(
  context: Pick<ServiceContext, 'db'>,
  input: z.input<typeof listHealthSamplesSchema>,
): Promise<HealthSampleView[]> {
  const { clusterId, from, to, server, limit } = parseInput(listHealthSamplesSchema, input)
  const { id } = await getClusterForWriting(context, clusterId)
  const rows = await context.db.healthSample.findMany({
    where: {
      clusterId: id,
      at: { gte: new Date(from), lt: new Date(to) },
      ...(server === undefined ? {} : { server }),
    },
    orderBy: [{ at: 'asc' }, { server: 'asc' }],
    take: limit,
    select: SAMPLE_COLUMNS,
  })
  return rows.map((row) => ({ at: row.at.toISOString(), ...toServerHealthView(row) }))
}
