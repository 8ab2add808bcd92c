import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Product } from './product.ts'

/** Names the demo's ZooKeeper as a member of a cluster, in the file that only the host can write. Other specs' members stay. */
export async function nameMember(
  demo: Product,
  cluster: string,
  name = 'zk1',
  dataDir = join(demo.dataDir, 'zookeeper'),
): Promise<void> {
  const file = join(demo.dataDir, 'arkeeper.json')
  const config: { members: { cluster: string }[] } = existsSync(file)
    ? JSON.parse(await readFile(file, 'utf8'))
    : { members: [] }
  const others = config.members.filter((member) => member.cluster !== cluster)
  const member = { cluster, name, dataDir, client: demo.clusterConnectString }
  await writeFile(file, JSON.stringify({ ...config, members: [...others, member] }))
}
