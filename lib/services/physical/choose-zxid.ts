/** zxid = epoch << 32 | counter. */
export const epochOf = (zxid: bigint) => Number(zxid >> 32n)

export interface ZxidQuestion {
  readonly kind: 'standalone' | 'ensemble'
  readonly archiveZxid: bigint
  /** Highest that any server or file has told. */
  readonly lastSeen: bigint | null
  /** False: the servers have no epoch files that a new leader would start from. */
  readonly hasEpochFiles: boolean
  /** What a person wants instead. */
  readonly asked: bigint | null
}

/**
 * The zxid for the name of the file, which is what a server believes whatever the file holds. A client that has seen a higher one than its
 * server is refused, so it must not go back: an ensemble that keeps its epoch files opens a new epoch above all; else the name is raised
 * to the next epoch, which leaves room for whatever is written before the servers stop.
 */
export function chooseFileZxid(question: ZxidQuestion): bigint {
  const { kind, archiveZxid, lastSeen, hasEpochFiles, asked } = question
  if (asked !== null) return asked
  if (kind === 'ensemble' && hasEpochFiles) return archiveZxid
  const highest = lastSeen !== null && lastSeen > archiveZxid ? lastSeen : archiveZxid
  if (kind === 'standalone' && highest === archiveZxid) return archiveZxid
  return ((highest >> 32n) + 1n) << 32n
}
