import type { ClusterConnection } from '../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { SAMPLE_CREDENTIALS } from './demo/sample-tree.ts'

/** A second client of the demo cluster: the colleague who changes things while a person looks at the page. */
export function connectOtherClient(connectString: string): Promise<ClusterConnection> {
  return createZooKeeper().connect({
    connectString,
    auth: [{ scheme: SAMPLE_CREDENTIALS.scheme, id: `${SAMPLE_CREDENTIALS.username}:${SAMPLE_CREDENTIALS.password}` }],
  })
}
