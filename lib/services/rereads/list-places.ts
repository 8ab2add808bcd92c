import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { RereadTarget } from '../../domain/retention/reread-plan.ts'

type Reads = Pick<Prisma.TransactionClient, 'backup'>

/** A place where an archive lies, each of which is read again by itself. */
export interface ArchivePlaceRow extends RereadTarget {
  readonly backupId: string
  /** Null: where it was put first. */
  readonly copyId: string | null
  readonly storeId: string
  readonly takenAtMs: number
  readonly readOk: boolean | null
  /** It was read back when it was put there. */
  readonly wasReadBack: boolean
}

/** All places of a cluster's archives, in no order. */
export async function listArchivePlaces(db: Reads, clusterId: string): Promise<ArchivePlaceRow[]> {
  const rows = await db.backup.findMany({
    where: { clusterId, deletedAt: null },
    select: {
      id: true,
      storeId: true,
      takenAt: true,
      createdAt: true,
      archiveBytes: true,
      storedProof: true,
      missingAt: true,
      verifiedAt: true,
      verifyOk: true,
      copies: {
        where: { state: 'present' },
        select: {
          id: true,
          storeId: true,
          archiveBytes: true,
          storedProof: true,
          copiedAt: true,
          createdAt: true,
          verifiedAt: true,
          verifyOk: true,
        },
      },
    },
  })
  return rows.flatMap((row) => {
    const takenAtMs = row.takenAt.getTime()
    const copies = row.copies.map((copy) => ({
      id: copy.id,
      backupId: row.id,
      copyId: copy.id,
      storeId: copy.storeId,
      takenAtMs,
      bytes: Number(copy.archiveBytes),
      storedAtMs: (copy.copiedAt ?? copy.createdAt).getTime(),
      readAtMs: copy.verifiedAt?.getTime() ?? null,
      readOk: copy.verifyOk,
      wasReadBack: copy.storedProof !== 'part-sums',
    }))
    if (row.missingAt !== null) return copies
    const first = {
      id: row.id,
      backupId: row.id,
      copyId: null,
      storeId: row.storeId,
      takenAtMs,
      bytes: Number(row.archiveBytes),
      storedAtMs: row.createdAt.getTime(),
      readAtMs: row.verifiedAt?.getTime() ?? null,
      readOk: row.verifyOk,
      wasReadBack: row.storedProof !== 'part-sums',
    }
    return [first, ...copies]
  })
}
