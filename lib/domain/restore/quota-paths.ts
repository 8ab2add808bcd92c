import { isWithin, joinPath, nameOf, parentPath, ROOT } from '../znode/path.ts'

export const QUOTA_ROOT = '/zookeeper/quota'
export const QUOTA_LIMITS = 'zookeeper_limits'
export const QUOTA_STATS = 'zookeeper_stats'

/** The only places in /zookeeper that a restore may write: below the root of quotas, never that root itself. */
export function isQuotaPath(path: string): boolean {
  return path !== QUOTA_ROOT && isWithin(path, QUOTA_ROOT)
}

/** The servers write these themselves, without a transaction: what was written there says nothing about what is found. */
export function isQuotaStats(path: string): boolean {
  return path.endsWith(QUOTA_STATS) && isQuotaPath(path) && nameOf(path) === QUOTA_STATS
}

/** /app → /zookeeper/quota/app */
export function quotaDirOf(path: string): string {
  return path === ROOT ? QUOTA_ROOT : QUOTA_ROOT + path
}

/** /zookeeper/quota/app/zookeeper_limits → /app; null for any other path. */
export function quotaOwnerOf(path: string): string | null {
  if (!isQuotaPath(path) || nameOf(path) !== QUOTA_LIMITS) return null
  return parentPath(path).slice(QUOTA_ROOT.length) || ROOT
}

export function quotaLimitsPath(path: string): string {
  return joinPath(quotaDirOf(path), QUOTA_LIMITS)
}

export function quotaStatsPath(path: string): string {
  return joinPath(quotaDirOf(path), QUOTA_STATS)
}

export interface QuotaLimits {
  readonly count: bigint
  readonly bytes: bigint
  readonly countHard: bigint
  readonly bytesHard: bigint
}

/**
 * `count=5,bytes=-1`, from 3.7 on with `=;byteHardLimit=…;countHardLimit=…` behind it, which older servers read and ignore. -1: none.
 * Null for what no server wrote.
 */
export function parseQuotaLimits(data: Uint8Array | null): QuotaLimits | null {
  if (data === null) return null
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
  const values = new Map<string, bigint>()
  for (const part of text.split(/[,;]/)) {
    const match = /^(\w+)=(-?\d+)=?$/.exec(part.trim())
    if (match) values.set(match[1]!, BigInt(match[2]!))
    else if (part.trim() !== '') return null
  }
  const count = values.get('count')
  const bytes = values.get('bytes')
  if (count === undefined || bytes === undefined) return null
  const countHard = values.get('countHardLimit') ?? -1n
  return { count, bytes, countHard, bytesHard: values.get('byteHardLimit') ?? -1n }
}

/** The same limits, whatever version wrote them down; what cannot be read is compared by bytes. */
export function isSameQuota(a: Uint8Array | null, b: Uint8Array | null): boolean {
  const x = parseQuotaLimits(a)
  const y = parseQuotaLimits(b)
  if (x === null || y === null) return Buffer.compare(a ?? Buffer.alloc(0), b ?? Buffer.alloc(0)) === 0
  return x.count === y.count && x.bytes === y.bytes && x.countHard === y.countHard && x.bytesHard === y.bytesHard
}
