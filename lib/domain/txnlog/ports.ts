import type { AclTable, RecordCursor } from '../snapshot/record.ts'

/** A tree that logs are replayed over, usually a server's snapshot. */
export interface BaseTree {
  /** Everything above it is replayed. Of a file the zxid in its name, which is what a server goes by. */
  readonly zxid: bigint
  /** The last zxid that the tree may hold something of. Above `zxid` the tree is fuzzy: it is one only once this is replayed. */
  readonly windowEnd: bigint
  /** What the server said of the tree at that zxid, where the file says it. */
  readonly digest: { readonly zxid: bigint; readonly value: bigint } | null
  /** Session id → timeout in milliseconds. */
  readonly sessions: ReadonlyMap<bigint, number>
  readonly acls: AclTable
  /** The digest of the tree as it lies there, in both charsets, where it was summed already. */
  readonly sums?: { readonly digest: bigint; readonly ascii: bigint }
  /** Every znode once, in any order, with the cursor on its record for as long as the call takes. Called once or twice. */
  visit(visitor: (record: RecordCursor, path: string) => void): Promise<void>
}

/** One log of a history. `zxid` is what its name says. */
export interface LogSource {
  readonly name: string
  readonly zxid: bigint
  /** Where it lies, when logs of several places are read as one history: within one place each log goes on where the former ends. */
  readonly place?: string
  /** False for a zxid of which another log is to be believed, whatever this one holds. Default: it is believed. */
  readonly accepts?: (zxid: bigint) => boolean
  /** About how much `open` gives, where that is known without reading. */
  readonly bytes?: number
  /** Numbers that epochs begin with, below which something is missing that numbers do not show: what lies on both sides does not follow. */
  readonly missedBelow?: readonly bigint[]
  /** The uncompressed bytes, front to back. May be called more than once. */
  open(): AsyncIterable<Uint8Array>
}
