import { cp, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeDir } from '../../base/make-dir.ts'
import type { ServiceContext } from '../context.ts'
import { listClusterBases, withClusterBase } from './cluster-bases.ts'
import { openLogs } from './cluster-logs.ts'
import { logFolder } from './log-folder.ts'

/**
 * What an ensemble has no more beyond `to` (null: all there is) is laid aside on this host, wherever it lies now: an ensemble that came back empty
 * says the same as one that was rolled back, and then this is all that is left of it. Only what is aside may be taken out of the stores.
 */
export async function layLogAside(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  to: bigint | null,
): Promise<void> {
  const { logs } = context.archives
  const dir = logFolder(context, cluster.name)
  const isBeyond = (zxid: bigint) => to === null || zxid > to
  const all = await openLogs(context, cluster)
  const here = new Map((await logs.list(dir)).segments.map(({ first, last }) => [first, last]))
  for (const segment of all.archived.segments) {
    if (!isBeyond(segment.last) || (here.get(segment.first) ?? -1n) >= segment.last) continue
    const at = await all.locate(segment)
    if (at.dir === dir) continue
    await makeDir(dir)
    await logs.pieces.put(at.dir, dir, at.segment, { signal: context.signal })
  }
  for (const base of await listClusterBases(context, cluster)) {
    if (!isBeyond(base.zxid) || base.places.some(({ isHere }) => isHere)) continue
    await withClusterBase(context, base, (from, at) =>
      copyWhole(from, join(logs.basesDir(dir), basename(at.dir)), context.newId()),
    )
  }
  await logs.rollBack(dir, to)
}

async function copyWhole(from: string, to: string, id: string): Promise<void> {
  const part = `${to}.part-${id}`
  try {
    await cp(from, part, { recursive: true })
    await rename(part, to)
  } finally {
    await rm(part, { recursive: true, force: true })
  }
}
