import { readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Runtime } from '../../runtime/runtime.ts'
import { addCluster } from '../../services/clusters/add-cluster.ts'
import { getAdminServers } from '../../services/clusters/admin-servers.ts'
import { listClusters } from '../../services/clusters/list-clusters.ts'
import { setAdminServers } from '../../services/clusters/set-admin-servers.ts'
import type { ServiceContext } from '../../services/context.ts'
import { keepLogs } from '../../services/logs/keep-logs.ts'
import { createFirstAdministrator } from '../../services/people/create-first-administrator.ts'
import { hasAdministrator } from '../../services/people/has-administrator.ts'
import type { ZooKeeperServer } from '../zookeeper-server.ts'
import { SAMPLE_CREDENTIALS } from './sample-tree.ts'

const CLUSTER_NAME = 'demo'
const ON_THIS_HOST = 'http://127.0.0.1:'

export interface DemoSetup {
  readonly email: string
  readonly password: string
  readonly server: ZooKeeperServer
  /** Of the server's AdminServer; another one on a later run when the first is taken. */
  readonly adminUrl: string
}

/** The administrator, the cluster, its AdminServer and its member, so that every page has something to show. */
export async function registerDemo(runtime: Runtime, setup: DemoSetup): Promise<void> {
  const context: ServiceContext = runtime.contextFor({ kind: 'system', id: null, name: 'demo', role: 'admin' })
  if (!(await hasAdministrator(context))) {
    await createFirstAdministrator(context, {
      name: 'Demo administrator',
      email: setup.email,
      password: setup.password,
      code: runtime.setUpCode ?? undefined,
    })
  }
  const isNamed = await nameMember(runtime, setup)
  const known = (await listClusters(context)).find((cluster) => cluster.name === CLUSTER_NAME)
  if (known) {
    // Not more: what was switched off since stays off.
    const { urls } = await getAdminServers(context, known.id)
    const [url] = urls
    if (urls.length === 1 && url !== undefined && url !== setup.adminUrl && url.startsWith(ON_THIS_HOST)) {
      await setAdminServers(context, { clusterId: known.id, urls: [setup.adminUrl], auth: { kind: 'keep' } })
      await renameAddress(runtime, url, setup.adminUrl)
    }
    return
  }
  const { id } = await addCluster(context, {
    name: CLUSTER_NAME,
    connectString: setup.server.connectString,
    environment: 'development',
    sessionTimeoutMs: 30_000,
    note: 'Sample data that looks like Kafka, Solr and a home-made service. Break it.',
    auth: { kind: 'digest', username: SAMPLE_CREDENTIALS.username, password: SAMPLE_CREDENTIALS.password },
  })
  await setAdminServers(context, { clusterId: id, urls: [setup.adminUrl] })
  if (isNamed) await keepLogs(context, { clusterId: id, enabled: true, everySeconds: 10 })
}

/** Writes the configuration file of the demo's own data directory, once: it is the person's afterwards. False where there is another file. */
async function nameMember({ env }: Runtime, { server, adminUrl }: DemoSetup): Promise<boolean> {
  if (dirname(env.configFile) !== env.dataDir) return false
  const { dataDir, connectString: client } = server
  const member = { cluster: CLUSTER_NAME, name: 'zk1', dataDir, client, adminUrl }
  try {
    await writeFile(env.configFile, `${JSON.stringify({ members: [member] }, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function renameAddress({ env }: Runtime, before: string, after: string): Promise<void> {
  if (dirname(env.configFile) !== env.dataDir) return
  const text = await readFile(env.configFile, 'utf8')
  await writeFile(env.configFile, text.replace(JSON.stringify(before), JSON.stringify(after)), { mode: 0o600 })
}
