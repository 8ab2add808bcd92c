import { countOf } from '../../base/count-of.ts'
import { OPEN_ACL } from '../znode/acl.ts'
import { ZnodeError } from '../znode/errors.ts'
import { comparePaths } from '../znode/order.ts'
import { ancestorsOf, isWithin, parentPath } from '../znode/path.ts'
import type { TreeReader } from '../znode/ports.ts'
import type { Znode } from '../znode/znode.ts'
import { mapPath } from './map-paths.ts'
import type { LiveExpectation, RestoreMode } from './plan.ts'
import type { PlanBuilder } from './plan-builder.ts'
import {
  isQuotaPath,
  isSameQuota,
  QUOTA_ROOT,
  quotaDirOf,
  quotaLimitsPath,
  quotaOwnerOf,
  quotaStatsPath,
} from './quota-paths.ts'

/** Servers count what is there as soon as the znode is created. */
const NO_STATS = Buffer.from('count=0,bytes=0')

export interface PlanQuotasInput {
  readonly live: Pick<TreeReader, 'readSubtree'>
  readonly source: Pick<TreeReader, 'readSubtree'>
  readonly sourcePath: string
  readonly targetPath: string
  readonly mode: RestoreMode
  readonly isPicked: (path: string) => boolean
  readonly signal?: AbortSignal
}

/**
 * The limits that the source has for paths within the restore, in steps behind all others, so that they do not stand in the way of what is
 * restored. Counts and sizes are the servers' own: their znode is created where it is missing, and never written.
 */
export async function planQuotas(builder: PlanBuilder, input: PlanQuotasInput): Promise<void> {
  const { sourcePath, targetPath, mode, isPicked } = input
  const held = await readQuotas(input.source, input.signal)
  const source = held.found
  const { found: live } = await readQuotas(input.live, input.signal)
  const wanted = new Map<string, Znode>()
  for (const znode of source.values()) {
    const owner = quotaOwnerOf(znode.path)
    if (owner === null || !isWithin(owner, sourcePath)) continue
    const path = mapPath(owner, sourcePath, targetPath)
    if (isPicked(path)) wanted.set(path, znode)
  }
  const there = new Set(live.keys())
  for (const [path, znode] of [...wanted].sort(([a], [b]) => comparePaths(a, b))) {
    const limits = live.get(quotaLimitsPath(path))
    if (limits !== undefined && isSameQuota(limits.data, znode.data) && there.has(quotaStatsPath(path))) continue
    if (limits !== undefined && mode === 'create') {
      builder.skip('mode')
      continue
    }
    const sources = sourcePath === targetPath ? source : null
    for (const dir of [...ancestorsOf(quotaLimitsPath(path)).filter(isQuotaPath)]) {
      if (!there.has(dir)) await create(builder, sources?.get(dir) ?? null, { path: dir, data: null })
      there.add(dir)
    }
    if (limits === undefined) await create(builder, znode, { path: quotaLimitsPath(path), data: znode.data })
    else if (!isSameQuota(limits.data, znode.data))
      await builder.setData(limits.path, znode.data, expectationOf(limits))
    if (!there.has(quotaStatsPath(path)))
      await create(builder, sources?.get(quotaStatsPath(path)) ?? null, { path: quotaStatsPath(path), data: NO_STATS })
    builder.notes.quotaWritten(path)
  }
  if (mode === 'mirror') planRemovals(builder, { live, wanted, held, input })
}

async function create(
  builder: PlanBuilder,
  like: Znode | null,
  { path, data }: { path: string; data: Uint8Array | null },
): Promise<void> {
  await builder.create({ path, data, acl: like?.acl ?? OPEN_ACL, kind: 'persistent', ttlMs: null })
}

/** Limits that the source does not have, and the znodes above them that nothing else needs. */
function planRemovals(
  builder: PlanBuilder,
  known: { live: ReadonlyMap<string, Znode>; wanted: ReadonlyMap<string, Znode>; held: Quotas; input: PlanQuotasInput },
): void {
  const { live, wanted, held, input } = known
  let untold = 0
  const removed = new Set<string>()
  const kept = new Set<string>([...wanted.keys()].map(quotaDirOf))
  for (const znode of live.values()) {
    const owner = quotaOwnerOf(znode.path)
    if (owner === null || wanted.has(owner)) continue
    const isAskedFor = isWithin(owner, input.targetPath) && input.isPicked(owner)
    const isTold = isAskedFor && held.tells(quotaLimitsPath(mapPath(owner, input.targetPath, input.sourcePath)))
    if (isTold) removed.add(owner)
    else kept.add(quotaDirOf(owner))
    if (isAskedFor && !isTold) untold++
  }
  if (untold > 0) {
    const what = `${countOf(untold, 'quota')} of the cluster stay`
    builder.warn('quota', input.targetPath, `${what}: the source does not tell whether it had them`)
    builder.skip('unreadable', untold)
  }
  const isKept = (dir: string) => [...kept].some((other) => isWithin(other, dir))
  const dirs = new Set<string>()
  for (const owner of removed) {
    for (const path of [quotaLimitsPath(owner), quotaStatsPath(owner)]) {
      const znode = live.get(path)
      if (znode) builder.deleteLater(path, expectationOf(znode))
    }
    builder.notes.quotaWritten(owner)
    for (let dir = quotaDirOf(owner); isQuotaPath(dir) && !isKept(dir); dir = parentPath(dir)) dirs.add(dir)
  }
  for (const dir of dirs) {
    const znode = live.get(dir)
    if (znode) builder.deleteLater(dir, expectationOf(znode))
  }
}

interface Quotas {
  /** Everything below /zookeeper/quota, by path. */
  readonly found: ReadonlyMap<string, Znode>
  /** Whether a path that is not among them was not there: every server has /zookeeper/quota, so a tree without it was not asked. */
  tells(path: string): boolean
}

async function readQuotas(reader: Pick<TreeReader, 'readSubtree'>, signal: AbortSignal | undefined): Promise<Quotas> {
  const found = new Map<string, Znode>()
  const unreadable: string[] = []
  let hasRoot = false
  try {
    for await (const batch of reader.readSubtree(QUOTA_ROOT, { signal, includeSystem: true })) {
      for (const place of batch.unreadable) unreadable.push(place.path)
      for (const znode of batch.znodes) {
        const { path, data, acl, stat, kind, ttlMs } = znode
        hasRoot ||= path === QUOTA_ROOT
        if (isQuotaPath(path)) found.set(path, { path, data, acl, stat, kind, ttlMs })
      }
    }
  } catch (error) {
    if (!(error instanceof ZnodeError) || error.code !== 'NO_NODE') throw error
  }
  return { found, tells: (path) => hasRoot && !unreadable.some((place) => isWithin(path, place)) }
}

function expectationOf({ stat }: Znode): Extract<LiveExpectation, { kind: 'present' }> {
  return { kind: 'present', czxid: stat.czxid, version: stat.version, aversion: stat.aversion }
}
