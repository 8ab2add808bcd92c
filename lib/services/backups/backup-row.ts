import type { Prisma } from '../../adapters/database/generated/client.ts'
import { parseHex64 } from '../../base/hex64.ts'
import { invariant } from '../../base/invariant.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import type { ArchivePlace } from '../stores/archive-folder.ts'
import type { PublishedArchive } from '../stores/staging.ts'
import type { SourceFault } from './source-faults.ts'

/** Scope paths kept in the catalog; a safety backup can have as many as its restore has steps. The archive's manifest has them all. */
const SCOPE_PATHS_MAX = 100

export interface CatalogBackupInput {
  readonly id: string
  readonly clusterId: string
  readonly clusterName: string
  readonly purpose: string
  readonly manifest: Manifest
  readonly place: ArchivePlace & Partial<Pick<PublishedArchive, 'storedProof' | 'lockedUntil'>>
  readonly archiveBytes: number
  readonly createdById: string | null
  readonly schedule?: { readonly id: string; readonly name: string }
  readonly sourceFaults?: readonly SourceFault[]
  readonly jobId: string | null
  readonly nowMs: number
}

/** The catalog row of an archive that is complete: the manifest's facts, in columns that can be listed and sorted. */
export function toBackupRow(input: CatalogBackupInput): Prisma.BackupCreateInput {
  const { manifest } = input
  const paths = manifest.scope.paths.slice(0, SCOPE_PATHS_MAX)
  return {
    id: input.id,
    clusterId: input.clusterId,
    clusterName: input.clusterName,
    source: manifest.source,
    purpose: input.purpose,
    status: manifest.status,
    zxid: zxidOf(manifest.zxid),
    zxidFrom: zxidOf(manifest.consistency.from),
    zxidTo: zxidOf(manifest.consistency.to),
    consistency: manifest.consistency.class,
    proof: manifest.consistency.proof ?? null,
    scopePaths: paths,
    znodes: manifest.znodes,
    dataBytes: BigInt(manifest.dataBytes),
    archiveBytes: BigInt(input.archiveBytes),
    storeId: input.place.storeId,
    dir: input.place.dir,
    archiveId: manifest.id,
    storedProof: input.place.storedProof ?? null,
    lockedUntil: input.place.lockedUntil ?? null,
    ...(manifest.encryption ? { recipients: manifest.encryption.recipients } : {}),
    // A manifest is made of what JSON can hold, by its schema.
    manifest: { ...manifest, scope: { ...manifest.scope, paths } } satisfies Manifest as Prisma.InputJsonObject,
    takenAt: new Date(manifest.takenAtMs),
    durationMs: manifest.durationMs,
    note: manifest.note ?? '',
    createdById: input.createdById,
    jobId: input.jobId,
    scheduleId: input.schedule?.id ?? null,
    scheduleName: input.schedule?.name ?? null,
    ...(input.sourceFaults?.length ? { sourceFaults: input.sourceFaults.map((fault) => ({ ...fault })) } : {}),
    createdAt: new Date(input.nowMs),
  }
}

function zxidOf(text: string): bigint {
  const zxid = parseHex64(text)
  invariant(zxid !== null, 'a manifest holds zxids as hex')
  return zxid
}
