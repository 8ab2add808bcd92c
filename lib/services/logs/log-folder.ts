import { join } from 'node:path'
import type { ServiceContext } from '../context.ts'

/**
 * `<store>/<cluster>/logs`: where this host writes the continuous transaction log of a cluster. Whoever reads it asks `openLogs`, which knows
 * the pieces that lie in stores alone; whoever appends asks `catchUpLogs` first. From here the mirrors take them to the cluster's stores.
 */
export function logFolder(context: Pick<ServiceContext, 'paths'>, clusterName: string): string {
  return join(context.paths.storeDir, clusterName, 'logs')
}
