import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { formatHex64, parseHex64 } from '../base/hex64.ts'
import { toBackupRow } from '../services/backups/backup-row.ts'
import type { ServiceContext } from '../services/context.ts'
import type { ControlledServer } from './controlled-servers.ts'

/**
 * A catalogued backup of the newest snapshot that the servers have on their disks, with its kinds and sessions. A restart makes a
 * standalone server or the new leader write one that holds everything.
 */
export async function catalogServerFiles(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  servers: readonly ControlledServer[],
): Promise<string> {
  const found: { readonly dir: string; readonly zxid: bigint; readonly connectString: string }[] = []
  for (const { member, connectString } of servers) {
    const dir = join(member.dataDir, 'version-2')
    for (const name of await readdir(dir)) {
      const zxid = name.startsWith('snapshot.') ? parseHex64(name.slice('snapshot.'.length)) : null
      if (zxid !== null) found.push({ dir, zxid, connectString })
    }
  }
  const { dir, zxid, connectString } = found.reduce((a, b) => (a.zxid >= b.zxid ? a : b))
  const native = await context.archives.openNative(join(dir, `snapshot.${zxid.toString(16)}`))
  const id = context.newId()
  try {
    const written = await context.archives.write({
      parentDir: join(context.paths.storeDir, cluster.name),
      stream: native.reader.readSubtree('/', { includeSystem: true }),
      startedAtMs: context.clock.now(),
      now: () => context.clock.now(),
      describe: () => ({
        cluster: { name: cluster.name, connectString, chroot: '/' },
        source: 'files',
        zookeeperVersion: '3.8.0',
        scope: { paths: ['/'], kind: 'subtrees' },
        zxid,
        consistency: { class: 'exact', proof: 'quiet', from: formatHex64(zxid), to: formatHex64(zxid), moved: [] },
        unreadable: [],
        sessions: native.sessions,
      }),
    })
    await context.db.backup.create({
      data: toBackupRow({
        id,
        clusterId: cluster.id,
        clusterName: cluster.name,
        purpose: 'manual',
        manifest: written.manifest,
        place: { storeId: 'default', dir: relative(context.paths.storeDir, written.dir) },
        archiveBytes: written.archiveBytes,
        createdById: context.actor.id,
        jobId: 'none',
        nowMs: context.clock.now(),
      }),
      select: { id: true },
    })
  } finally {
    await native.reader.close()
  }
  return id
}
