import type { ServiceContext } from '../context.ts'

/** Why no drill can be done on this host, and what to do; null when one can. Workers elsewhere look for themselves. */
export function findDrillFault(context: Pick<ServiceContext, 'scratch'>): Promise<string | null> {
  return context.scratch.findFault()
}
