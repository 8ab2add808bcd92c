import { join } from 'node:path'
import type { ServiceContext } from '../context.ts'

/** `<store>/<cluster>/logs`: where the continuous transaction log of a cluster is kept. */
export function logFolder(context: Pick<ServiceContext, 'paths'>, clusterName: string): string {
  return join(context.paths.storeDir, clusterName, 'logs')
}
