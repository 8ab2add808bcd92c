import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Browser, expect } from '@playwright/test'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { connectOtherClient } from '../../lib/testing/other-client.ts'
import { type AddedCluster, addCluster, takeFirstBackup } from './clusters.ts'
import type { Product } from './product.ts'
import type { Session } from './sign-in.ts'

const CHROOT = '/x-values'
export const HOSTS_PORT = 2181
export const HOSTS_CHANGED_PORT = 2281
export const hosts = (port: number) =>
  JSON.stringify({ hosts: ['one', 'two', 'three'].map((name) => `${name}:${port}`), port })
/** What ObjectOutputStream writes of `new HashMap<String, String>()`, up to its fields. */
export const JAVA_MAP = Buffer.from('aced0005737200116a6176612e7574696c2e486173684d61700507dac1c31660d1', 'hex')
const PROTOBUF = Buffer.from('0896011207746573', 'hex')

type OtherClient = Awaited<ReturnType<typeof connectOtherClient>>

export interface PackedValues {
  readonly cluster: AddedCluster
  readonly backupId: string
}

/** A cluster with values of each form, backed up once, and one znode changed since. */
export async function packValues(demo: Product, session: Session, browser: Browser): Promise<PackedValues> {
  const other = await connectOtherClient(demo.clusterConnectString ?? '')
  const page = await browser.newPage({ storageState: session })
  try {
    await create(other, {
      '': null,
      '/hosts.json.gz': gzipSync(hosts(HOSTS_PORT)),
      '/layout.xml.zst': zstdCompressSync(Buffer.from('<layout><pane id="1"/></layout>')),
      '/damaged.gz': gzipSync(hosts(HOSTS_PORT)).subarray(0, -6),
      '/map': JAVA_MAP,
      '/message': Buffer.concat([PROTOBUF, Buffer.from('74696e67', 'hex')]),
    })
    const connectString = `${demo.clusterConnectString}${CHROOT}`
    const cluster = await addCluster(page, demo, { name: 'values', connectString })
    const backupId = await takeFirstBackup(page, cluster, 'with packed values')
    await set(other, '/hosts.json.gz', gzipSync(hosts(HOSTS_CHANGED_PORT)))
    return { cluster, backupId }
  } finally {
    await page.close()
    await other.close()
  }
}

async function create(other: OtherClient, values: Readonly<Record<string, Buffer | null>>): Promise<void> {
  const outcome = await other.multi(
    Object.entries(values).map(([path, data]) => ({
      op: 'create' as const,
      path: `${CHROOT}${path}`,
      data,
      acl: OPEN_ACL,
      kind: 'persistent' as const,
      ttlMs: null,
    })),
  )
  expect(outcome.kind).toBe('done')
}

async function set(other: OtherClient, path: string, data: Buffer): Promise<void> {
  expect((await other.multi([{ op: 'setData', path: `${CHROOT}${path}`, data, version: -1 }])).kind).toBe('done')
}
