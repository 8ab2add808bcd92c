import type { MatchPreview } from '../../domain/value/find-in-value.ts'
import type { Packing } from '../../domain/value/packing.ts'
import type { ZnodeKind } from '../../domain/znode/znode.ts'
import type { ErrorView } from '../error-view.ts'

export type SearchState = 'queued' | 'running' | 'ready' | 'failed' | 'cancelled'

export interface SearchSummary {
  readonly hits: number
  /** Null, or why not all hits are kept: the search ended there. */
  readonly cut: 'hits' | 'bytes' | null
  /** Znodes that were looked at. */
  readonly looked: number
  /** Bytes of values that were looked through as they are stored. */
  readonly bytes: number
  /** Subtrees that were searched: of a backup that holds only parts, those parts. */
  readonly roots: readonly string[]
  /** Places that could not be read, so nothing is known of them and what is below; at most 1000 are listed. */
  readonly unreadable: readonly string[]
  readonly unreadableCount: number
  /** gzip and zstd values that were searched unpacked too, and those that could not be. */
  readonly unpacked: number
  readonly notUnpacked: number
  /** Hidden values, which were not looked into. */
  readonly masked: number
  readonly durationMs: number
}

export interface SearchView {
  readonly id: string
  readonly clusterId: string | null
  /** TreeRef text. */
  readonly tree: string
  readonly treeLabel: string
  readonly path: string
  readonly pathPattern: string
  readonly valueForm: 'none' | 'text' | 'hex'
  /** What was looked for in values; null in lists, and when it cannot be decrypted. */
  readonly value: string | null
  /** Characters of a text, bytes of hex. */
  readonly valueLength: number
  readonly matchCase: boolean
  readonly kind: 'any' | 'ephemeral' | 'lasting'
  readonly minBytes: number | null
  readonly maxBytes: number | null
  readonly state: SearchState
  readonly jobId: string | null
  readonly error: ErrorView | null
  /** Null until the search has come to its end. */
  readonly summary: SearchSummary | null
  readonly createdAt: string
  readonly finishedAt: string | null
}

export interface SearchHit {
  readonly path: string
  readonly where: 'path' | 'value'
  readonly kind: ZnodeKind
  /** Null for null data. */
  readonly bytes: number | null
  readonly mzxid: string
  /** Only of a hit in a value. */
  readonly match: {
    /** In bytes, of the first occurrence; inside of what was unpacked when `packing` is not null. */
    readonly offset: number
    readonly times: number
    readonly packing: Packing | null
    readonly preview: MatchPreview
  } | null
}

export interface HitsPage {
  readonly hits: readonly SearchHit[]
  /** Hits that are there now; while the search runs there may be more to come. */
  readonly total: number
}
