import { isWithin, joinPath, nameOf, parentPath, ROOT } from '../znode/path.ts'
import type { NodeStore, OverlayNode } from './node-store.ts'

export const QUOTA_ROOT = '/zookeeper/quota'
const LIMITS = 'zookeeper_limits'
const STATS = 'zookeeper_stats'

/** Where a quota's own znode lies; for `/` it is /zookeeper/quota itself. */
const quotaNodeOf = (prefix: string) => (prefix === ROOT ? QUOTA_ROOT : `${QUOTA_ROOT}${prefix}`)

/** The path that a znode named `name` below /zookeeper/quota is the quota of; null for any other znode. */
function prefixOf(path: string, name: string): string | null {
  if (nameOf(path) !== name || !isWithin(path, QUOTA_ROOT)) return null
  return parentPath(path).slice(QUOTA_ROOT.length) || ROOT
}

/** The path whose subtree is counted when this znode is made. */
export const findStatsPrefix = (path: string): string | null => prefixOf(path, STATS)
/** The path whose subtree is counted when a snapshot with this znode is loaded. */
export const findLimitsPrefix = (path: string): string | null => prefixOf(path, LIMITS)

/** Znodes at and below some paths, and the bytes of their data. */
export class SubtreeCounts {
  readonly #counts = new Map<string, { znodes: number; bytes: number }>()

  constructor(prefixes: Iterable<string>) {
    for (const prefix of prefixes) this.#counts.set(prefix, { znodes: 0, bytes: 0 })
  }

  has(prefix: string): boolean {
    return this.#counts.has(prefix)
  }

  /** Takes over what another has counted. */
  merge(other: SubtreeCounts): void {
    for (const [prefix, count] of other.#counts) this.#counts.set(prefix, count)
  }

  get(prefix: string): { readonly znodes: number; readonly bytes: number } {
    return this.#counts.get(prefix) ?? { znodes: 0, bytes: 0 }
  }

  add(path: string, znodes: number, bytes: number): void {
    if (this.#counts.size === 0) return
    for (let prefix = path; ; prefix = parentPath(prefix)) {
      const count = this.#counts.get(prefix)
      if (count) {
        count.znodes += znodes
        count.bytes += bytes
      }
      if (prefix === ROOT) return
    }
  }
}

/**
 * Quota figures as DataTree keeps them (3.7 … 3.9): data that changes without a transaction. `zookeeper_limits` puts a quota in force;
 * `zookeeper_stats` is counted anew when it is made and when a snapshot is loaded; in between only the longest quota path that is in force
 * gets what happens below it, and one on `/` nothing.
 */
export class QuotaBook {
  readonly #overlay: NodeStore
  readonly #counts: SubtreeCounts
  readonly #inForce = new Set<string>()

  /** `counts`: of the base tree, for every quota in it and every one that the log makes. */
  constructor(overlay: NodeStore, counts: SubtreeCounts) {
    this.#overlay = overlay
    this.#counts = counts
    for (const node of overlay.nodes()) {
      const prefix = findLimitsPrefix(node.path)
      if (prefix === null) continue
      this.#inForce.add(prefix)
      this.#recount(prefix)
    }
  }

  created(node: OverlayNode): void {
    this.#counts.add(node.path, 1, node.dataBytes)
    const limits = findLimitsPrefix(node.path)
    if (limits !== null) this.#inForce.add(limits)
    const stats = findStatsPrefix(node.path)
    if (stats !== null) this.#recount(stats)
    this.#charge(node.path, 1, node.dataBytes)
  }

  deleted(node: OverlayNode): void {
    this.#counts.add(node.path, -1, -node.dataBytes)
    const limits = findLimitsPrefix(node.path)
    if (limits !== null) this.#inForce.delete(limits)
    this.#charge(node.path, -1, -node.dataBytes)
  }

  /** `moreBytes` below 0 when the data has become shorter. */
  resized(path: string, moreBytes: number): void {
    this.#counts.add(path, 0, moreBytes)
    this.#charge(path, 0, moreBytes)
  }

  #recount(prefix: string): void {
    const node = this.#overlay.get(joinPath(quotaNodeOf(prefix), STATS))
    const { znodes, bytes } = this.#counts.get(prefix)
    if (node) this.#write(node, `count=${znodes},bytes=${bytes}`)
  }

  #charge(path: string, znodes: number, bytes: number): void {
    if (this.#inForce.size === 0) return
    for (let prefix = path; prefix !== ROOT; prefix = parentPath(prefix)) {
      if (!this.#inForce.has(prefix)) continue
      const node = this.#overlay.get(joinPath(quotaNodeOf(prefix), STATS))
      if (node) this.#write(node, addToStats(Buffer.from(node.data ?? []).toString(), znodes, bytes))
      return
    }
  }

  #write(node: OverlayNode, text: string): void {
    const data = Buffer.from(text)
    if (node.data !== null && data.equals(node.data)) return
    this.#counts.add(node.path, 0, data.length - node.dataBytes)
    this.#overlay.setData(node, data)
    node.changed = true
  }
}

/** StatsTrack: count and bytes first, then whatever else was there, each with its odd separator. */
function addToStats(text: string, znodes: number, bytes: number): string {
  const fields = new Map<string, string>()
  for (const pair of text.split(/[,;]+/)) {
    const [key, value] = pair.split('=')
    if (key) fields.set(key, value || '-1')
  }
  const sum = (key: string, more: number) => String(BigInt(toInteger(fields.get(key))) + BigInt(more))
  const count = sum('count', znodes)
  const size = sum('bytes', bytes)
  const rest = [...fields].filter(([key]) => key !== 'count' && key !== 'bytes').sort(([a], [b]) => (a < b ? -1 : 1))
  const tail = rest.map(([key, value]) => `;${key}=${value}`).join('')
  return `count=${count},bytes=${size}${tail && `=${tail}`}`
}

const toInteger = (text: string | undefined): string => (text !== undefined && /^-?\d+$/.test(text) ? text : '-1')
