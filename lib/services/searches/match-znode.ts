import { formatHex64 } from '../../base/hex64.ts'
import { InvariantError } from '../../base/invariant.ts'
import { finderOfBytes, finderOfText, previewMatch, type ValueFinder } from '../../domain/value/find-in-value.ts'
import { parseHex } from '../../domain/value/hex.ts'
import { compilePathPattern } from '../../domain/znode/path-pattern.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import type { SearchQuery } from './schemas.ts'
import { unpackValue } from './unpack-value.ts'
import type { SearchHit } from './views.ts'

export interface MatchCounts {
  bytes: number
  unpacked: number
  notUnpacked: number
}

/** A search as a test of one znode after the other. The cheap questions are asked first. */
export class ZnodeMatcher {
  readonly counts: MatchCounts = { bytes: 0, unpacked: 0, notUnpacked: 0 }
  readonly #query: SearchQuery
  readonly #matchesPath: (path: string) => boolean
  readonly #find: ValueFinder | null
  readonly #form: 'text' | 'hex'

  constructor(query: SearchQuery) {
    this.#query = query
    this.#matchesPath = query.pathPattern === '' ? () => true : compilePathPattern(query.pathPattern, query)
    this.#find = toFinder(query)
    this.#form = query.valueForm === 'hex' ? 'hex' : 'text'
  }

  match(znode: Znode): SearchHit | null {
    const { kind, minBytes, maxBytes } = this.#query
    if (kind !== 'any' && (znode.kind === 'ephemeral') !== (kind === 'ephemeral')) return null
    const bytes = znode.data?.length ?? 0
    if (minBytes !== null && bytes < minBytes) return null
    if (maxBytes !== null && bytes > maxBytes) return null
    if (!this.#matchesPath(znode.path)) return null
    if (this.#find === null) return toHit(znode, null)
    const match = znode.data === null ? null : this.#matchValue(znode.data, this.#find)
    return match === null ? null : toHit(znode, match)
  }

  #matchValue(data: Uint8Array, find: ValueFinder): SearchHit['match'] {
    this.counts.bytes += data.length
    const stored = find(data)
    if (stored) return this.#toMatch(data, stored, false)
    const unpacked = unpackValue(data)
    if (unpacked.kind === 'plain') return null
    if (unpacked.kind === 'failed') {
      this.counts.notUnpacked++
      return null
    }
    this.counts.unpacked++
    const inside = find(unpacked.data)
    return inside && this.#toMatch(unpacked.data, inside, true)
  }

  #toMatch(data: Uint8Array, found: NonNullable<ReturnType<ValueFinder>>, packed: boolean): SearchHit['match'] {
    const { offset, times } = found
    return { offset, times, packed, preview: previewMatch(data, found, this.#form) }
  }
}

function toFinder(query: SearchQuery): ValueFinder | null {
  if (query.valueForm === 'none') return null
  if (query.valueForm === 'text') return finderOfText(query.value, query)
  const parsed = parseHex(query.value)
  if (parsed.kind === 'fault') throw new InvariantError('the schema accepts only hex digits')
  return finderOfBytes(parsed.bytes)
}

function toHit(znode: Znode, match: SearchHit['match']): SearchHit {
  return {
    path: znode.path,
    where: match === null ? 'path' : 'value',
    kind: znode.kind,
    bytes: znode.data?.length ?? null,
    mzxid: formatHex64(znode.stat.mzxid),
    match,
  }
}
