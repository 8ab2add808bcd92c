import { depthOf, isWithin, parentPath, ROOT } from '../znode/path.ts'
import type { Change } from './change.ts'

export interface ChangeTally {
  added: number
  removed: number
  changed: number
  /** How many of them have an ephemeral znode on either side. */
  ephemeral: number
}

export interface ChangeRollupRow extends Readonly<ChangeTally> {
  readonly path: string
  /** Changes at the path itself; the tally counts it and everything below. */
  readonly own: Change['change'] | null
}

export interface ChangeRollup {
  readonly total: Readonly<ChangeTally>
  /** One row for each path down to the depth asked for that has a change at or below it, in path order. */
  readonly rows: readonly ChangeRollupRow[]
  /** True when rows were left out because of `rowsMax`; the totals and the rows that are there still count everything. */
  readonly truncated: boolean
}

export interface RollupOptions {
  /** Rows are made for the levels below this path. Default `/`. */
  readonly root?: string
  /** Levels below the root, 1 … ; default 1: one row for each top-level subtree. */
  readonly depthMax?: number
  /** Default 10,000. */
  readonly rowsMax?: number
}

interface OpenRow extends ChangeTally {
  path: string
  own: Change['change'] | null
}

/** Adds up changes as they pass. Memory: the rows, bounded by `rowsMax`. Feed it in path order. */
export class ChangeRollupBuilder {
  private readonly root: string
  private readonly depthMax: number
  private readonly rowsMax: number
  private readonly total: ChangeTally = { added: 0, removed: 0, changed: 0, ephemeral: 0 }
  private readonly rows: OpenRow[] = []
  private open: OpenRow[] = []
  private truncated = false

  constructor(options: RollupOptions = {}) {
    this.root = options.root ?? ROOT
    this.depthMax = options.depthMax ?? 1
    this.rowsMax = options.rowsMax ?? 10_000
  }

  add(changes: readonly Change[]): void {
    for (const change of changes) {
      if (!isWithin(change.path, this.root)) continue
      count(this.total, change)
      this.openRowsFor(change.path)
      for (const row of this.open) count(row, change)
      const deepest = this.open.at(-1)
      if (deepest?.path === change.path) deepest.own = change.change
    }
  }

  rollup(): ChangeRollup {
    return {
      total: { ...this.total },
      rows: this.rows.map(({ path, own, added, removed, changed, ephemeral }) => ({
        path,
        own,
        added,
        removed,
        changed,
        ephemeral,
      })),
      truncated: this.truncated,
    }
  }

  /** Changes come in path order, so a row is finished for good once a path outside it arrives. */
  private openRowsFor(path: string): void {
    while (this.open.length > 0 && !isWithin(path, this.open.at(-1)!.path)) this.open.pop()
    const above = this.open.at(-1)?.path ?? this.root
    const levels = Math.min(depthOf(path) - depthOf(this.root), this.depthMax) - this.open.length
    if (levels <= 0 || path === above) return
    const rootDepth = depthOf(this.root)
    for (let level = this.open.length + 1, last = level + levels - 1; level <= last; level++) {
      const row: OpenRow = {
        path: cutToDepth(path, rootDepth + level),
        own: null,
        added: 0,
        removed: 0,
        changed: 0,
        ephemeral: 0,
      }
      this.open.push(row)
      if (this.rows.length < this.rowsMax) this.rows.push(row)
      else this.truncated = true
    }
  }
}

/** Totals and a row for each subtree with changes. The whole stream is read. */
export async function summarizeChanges(
  changes: AsyncIterable<readonly Change[]>,
  options: RollupOptions = {},
): Promise<ChangeRollup> {
  const builder = new ChangeRollupBuilder(options)
  for await (const batch of changes) builder.add(batch)
  return builder.rollup()
}

function count(tally: ChangeTally, change: Change): void {
  tally[change.change]++
  if (change.ephemeral) tally.ephemeral++
}

function cutToDepth(path: string, depth: number): string {
  let cut = path
  for (let surplus = depthOf(path) - depth; surplus > 0; surplus--) cut = parentPath(cut)
  return cut
}
