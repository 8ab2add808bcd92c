import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Product } from './product.ts'

interface NamedMember {
  readonly cluster: string
}

/** Names the demo's ZooKeeper as a member of a cluster, in the file that only the host can write. */
export function nameMember(
  demo: Product,
  cluster: string,
  name = 'zk1',
  dataDir = join(demo.dataDir, 'zookeeper'),
): Promise<void> {
  return nameMembers(demo, cluster, [{ cluster, name, dataDir, client: demo.clusterConnectString }])
}

/** Names these members of a cluster and no others of it. Other specs' members stay. */
export async function nameMembers<T extends NamedMember>(
  demo: Product,
  cluster: string,
  members: readonly T[],
): Promise<void> {
  const file = join(demo.dataDir, 'arkeeper.json')
  const config: { members: NamedMember[] } = existsSync(file)
    ? JSON.parse(await readFile(file, 'utf8'))
    : { members: [] }
  const others = config.members.filter((member) => member.cluster !== cluster)
  await writeFile(file, JSON.stringify({ ...config, members: [...others, ...members] }))
}
