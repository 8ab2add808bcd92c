import { formatHex64 } from '../../base/hex64.ts'
import { InvariantError } from '../../base/invariant.ts'
import {
  finderOfBytes,
  finderOfText,
  previewMatch,
  type ValueFinder,
  type ValueMatch,
} from '../../domain/value/find-in-value.ts'
import { parseHex } from '../../domain/value/hex.ts'
import { findPacking, type Packing } from '../../domain/value/packing.ts'
import { compilePathPattern } from '../../domain/znode/path-pattern.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import { unpackValue } from '../tree/unpack-value.ts'
import type { ValueMask } from '../values/value-mask.ts'
import type { SearchQuery } from './schemas.ts'
import type { SearchHit } from './views.ts'

export interface MatchCounts {
  bytes: number
  unpacked: number
  notUnpacked: number
  masked: number
}

/** A search as a test of one znode after the other. The cheap questions are asked first. */
export class ZnodeMatcher {
  readonly counts: MatchCounts = { bytes: 0, unpacked: 0, notUnpacked: 0, masked: 0 }
  readonly #query: SearchQuery
  readonly #matchesPath: (path: string) => boolean
  readonly #find: ValueFinder | null
  readonly #form: 'text' | 'hex'
  readonly #mask: ValueMask

  constructor(query: SearchQuery, mask: ValueMask) {
    this.#mask = mask
    this.#query = query
    this.#matchesPath = query.pathPattern === '' ? () => true : compilePathPattern(query.pathPattern, query)
    this.#find = toFinder(query)
    this.#form = query.valueForm === 'hex' ? 'hex' : 'text'
  }

  /** A promise only for a packed value: an await for each of a million znodes would cost more than the search. */
  match(znode: Znode): SearchHit | null | Promise<SearchHit | null> {
    const { kind, minBytes, maxBytes } = this.#query
    if (kind !== 'any' && (znode.kind === 'ephemeral') !== (kind === 'ephemeral')) return null
    const bytes = znode.data?.length ?? 0
    if (minBytes !== null && bytes < minBytes) return null
    if (maxBytes !== null && bytes > maxBytes) return null
    if (!this.#matchesPath(znode.path)) return null
    if (this.#find === null) return toHit(znode, null)
    if (znode.data === null) return null
    // Not even for those who may reveal it: everybody who is signed in reads the hits.
    if (this.#mask.hide(znode.path, znode.data) !== null) {
      this.counts.masked++
      return null
    }
    this.counts.bytes += bytes
    const stored = this.#find(znode.data)
    if (stored) return toHit(znode, this.#toMatch(znode.data, stored, null))
    return findPacking(znode.data) === null ? null : this.#matchUnpacked(znode, this.#find)
  }

  async #matchUnpacked(znode: Znode, find: ValueFinder): Promise<SearchHit | null> {
    const unpacked = await unpackValue(znode.data)
    if (unpacked?.kind !== 'unpacked') {
      this.counts.notUnpacked++
      return null
    }
    this.counts.unpacked++
    const found = find(unpacked.data)
    return found && toHit(znode, this.#toMatch(unpacked.data, found, unpacked.packing))
  }

  #toMatch(data: Uint8Array, found: ValueMatch, packing: Packing | null): SearchHit['match'] {
    const { offset, times } = found
    return { offset, times, packing, preview: previewMatch(data, found, this.#form) }
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
