/** A backup that archived transactions can be replayed over. */
export interface LogBase {
  readonly id: string
  readonly zxid: bigint
}

/** Archived transactions without a gap between them, both ends included. */
export interface LogRun {
  readonly first: bigint
  readonly last: bigint
}

/**
 * The bases without which a moment that the archived logs tell would be lost: of each run the newest base at or below the start of what is to
 * be told (`from`, or the run's own start when that is later). Where that lies before the run, something may be missing between them, and
 * the next base above stays as well.
 */
export function findLogAnchors(bases: readonly LogBase[], runs: readonly LogRun[], from: bigint): Set<string> {
  const sorted = bases.toSorted((a, b) => (a.zxid === b.zxid ? (a.id < b.id ? -1 : 1) : a.zxid < b.zxid ? -1 : 1))
  const anchors = new Set<string>()
  for (const run of runs) {
    if (run.last < from) continue
    const start = run.first > from ? run.first : from
    const below = sorted.findLast(({ zxid }) => zxid <= start)
    const above = sorted.find(({ zxid }) => zxid > start && zxid <= run.last)
    if (below) anchors.add(below.id)
    if (above && (!below || below.zxid < run.first)) anchors.add(above.id)
  }
  return anchors
}

/** Transactions below it are replayed over no base any more: of everything that a moment can be told from, the lowest. Null: none. */
export function findLogFloor(zxids: readonly bigint[]): bigint | null {
  return zxids.reduce<bigint | null>((lowest, zxid) => (lowest === null || zxid < lowest ? zxid : lowest), null)
}

/** Pieces, oldest first, that hold only what lies at or below the floor and is older than `beforeMs`; never the newest one. */
export function findSpentPieces<Piece extends { readonly last: bigint; readonly maxTimeMs: number }>(
  pieces: readonly Piece[],
  floor: bigint | null,
  beforeMs: number,
): Piece[] {
  if (floor === null) return []
  const older = pieces.slice(0, -1)
  const end = older.findIndex((piece) => piece.last > floor || piece.maxTimeMs >= beforeMs)
  return end < 0 ? older : older.slice(0, end)
}
