import { z } from 'zod'
import type { PlanWarning } from '../../domain/restore/plan.ts'
import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { parseInput } from '../parse-input.ts'
import { PlanGuards } from './plan-guards.ts'

export type AdvisedAct = z.infer<typeof inputSchema>['act']

const inputSchema = z.object({
  clusterId: z.string(),
  path: z.string(),
  act: z.enum(['create', 'change', 'delete']),
})

/** What is known of a path before somebody writes it by hand: asks the cluster for signatures of applications, never who watches. */
export async function adviseOnPath(
  context: ServiceContext,
  input: z.input<typeof inputSchema>,
): Promise<readonly PlanWarning[]> {
  const { clusterId, path, act } = parseInput(inputSchema, input)
  const guards = await PlanGuards.open(context)
  guards.add({ path: parsePath(path), step: act === 'change' ? 'setData' : act })
  const connection = await context.sessions.borrow(clusterId, { signal: context.signal })
  const advice = await guards.applications(context, connection)
  // A deletion by hand takes what lies below with it.
  return act === 'delete' ? [...(await guards.homes(context, connection, path)), ...advice] : advice
}
