import { join, relative } from 'node:path'
import type { Prisma } from '../adapters/database/generated/client.ts'
import { formatHex64 } from '../base/hex64.ts'
import type { Manifest } from '../domain/snapshot/manifest.ts'
import type { UnreadableZnode } from '../domain/znode/znode.ts'
import type { TestServices } from './service-context.ts'
import { buildTree, streamOf, type ZnodeSketch } from './znode-builder.ts'

export interface CataloguedBackupOptions {
  readonly clusterId?: string
  readonly scope?: Manifest['scope']
  readonly purpose?: 'manual' | 'safety'
  readonly zxid?: bigint
  readonly unreadable?: readonly UnreadableZnode[]
  /** Public keys that it is encrypted to. */
  readonly recipients?: readonly string[]
}

/** A real archive in the store with its row in the catalog, taken now; then a second goes by. Gives the archive's folder. */
export async function addCataloguedBackup(
  services: TestServices,
  id: string,
  sketches: readonly (ZnodeSketch | string)[],
  options: CataloguedBackupOptions = {},
): Promise<string> {
  const { clusterId = 'c1', purpose = 'manual', zxid = 0x1an, unreadable = [] } = options
  const scope = options.scope ?? { paths: ['/'], kind: 'subtrees' }
  const context = services.contextFor('operator')
  const { recipients } = options
  const archives = recipients === undefined ? context.archives : context.archives.withRecipients(recipients)
  const { dir, archiveBytes, manifest } = await archives.write({
    parentDir: join(context.paths.storeDir, 'orders'),
    stream: streamOf(buildTree(sketches), { unreadable }),
    startedAtMs: context.clock.now(),
    now: () => context.clock.now(),
    describe: () => ({
      cluster: { name: 'orders', connectString: null, chroot: '/' },
      source: 'files',
      zookeeperVersion: '3.8.0',
      scope,
      zxid,
      consistency: { class: 'exact', proof: 'quiet', from: formatHex64(zxid), to: formatHex64(zxid), moved: [] },
      unreadable: unreadable.map((place) => place.path),
    }),
  })
  await context.db.backup.create({
    data: {
      id,
      clusterId,
      clusterName: 'orders',
      source: 'files',
      purpose,
      status: unreadable.length === 0 ? 'complete' : 'partial',
      zxid,
      zxidFrom: zxid,
      zxidTo: zxid,
      consistency: 'exact',
      scopePaths: scope.paths.slice(0, 100),
      znodes: sketches.length,
      dataBytes: 1n,
      archiveBytes: BigInt(archiveBytes),
      dir: relative(context.paths.storeDir, dir),
      // A manifest is made of what JSON can hold, by its schema.
      manifest: manifest satisfies Manifest as Prisma.InputJsonObject,
      ...(recipients === undefined ? {} : { recipients: [...recipients] }),
      takenAt: new Date(context.clock.now()),
      durationMs: 1,
    },
  })
  services.clock.advance(1000)
  return dir
}
