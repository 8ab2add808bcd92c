import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { JobRun } from '../jobs/job-run.ts'
import { type ClusterLogs, openLogs } from '../logs/cluster-logs.ts'
import { logFolder } from '../logs/log-folder.ts'
import { putPiece, withPiecePlace, withTempFolder } from '../logs/place-pieces.ts'
import { listPlacedPieces, toPieceColumns } from '../logs/placed-pieces.ts'
import { getStore } from '../stores/find-store.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { isSameSet } from './key-needs.ts'

interface Cluster {
  readonly id: string
  readonly name: string
}

/** Of the pieces of a log, plain ones too: those that the next rotation encrypts anew. */
export function listStalePieces({ archived }: ClusterLogs, wanted: readonly string[]): LogSegment[] {
  if (wanted.length === 0) return []
  return archived.segments.filter(({ sealed }) => sealed === undefined || !isSameSet(sealed.recipients, wanted))
}

/**
 * Encrypts the pieces of a cluster's log anew, each by itself, wherever they lie: what is read back of the new one takes the place of the
 * former, in the folder of this host and in each store. The newest is left to whoever is writing to it, who begins another with the new keys.
 */
export async function reencryptPieces(
  context: ServiceContext,
  cluster: Cluster,
  wanted: readonly string[],
  run: JobRun,
): Promise<{ readonly done: number; readonly failed: number }> {
  const logs = await openLogs(context, cluster)
  const newest = logs.archived.segments.at(-1)?.first
  let done = 0
  let failed = 0
  for (const segment of listStalePieces(logs, wanted)) {
    throwIfAborted(context.signal)
    run.assertOwned()
    try {
      if (segment.first === newest) await assertNotWrittenTo(context, cluster)
      await reencryptPiece(context, { cluster, logs, segment, wanted })
      done++
    } catch (error) {
      if (!isArkeeperError(error) || error.code === 'CANCELLED' || error.code === 'LEASE_LOST') throw error
      failed++
      await run.log('error', `the log from ${formatHex64(segment.first)}: ${formatErrorLine(error)}`)
    }
  }
  if (done > 0) {
    await writeAudit(context.db, context, {
      action: 'encryption.rotate',
      cluster,
      outcome: failed === 0 ? 'ok' : 'failed',
      after: { keys: [...wanted], pieces: done, failed },
    })
  }
  return { done, failed }
}

async function reencryptPiece(
  context: ServiceContext,
  input: {
    readonly cluster: Cluster
    readonly logs: ClusterLogs
    readonly segment: LogSegment
    readonly wanted: readonly string[]
  },
): Promise<void> {
  const { cluster, logs, segment, wanted } = input
  const { pieces } = context.archives.logs
  const dir = logFolder(context, cluster.name)
  const at = await logs.locate(segment)
  await withTempFolder(context, async (temp) => {
    const made = await pieces.reencrypt(at.dir, at.segment, temp, wanted)
    const here = await pieces.find(dir, segment.first)
    if (here !== null && here.sha256 === made.sha256) await pieces.put(temp, dir, made, { replaces: here })
    const places = await listPlacedPieces(context, { clusterId: cluster.id })
    for (const { storeId } of places.filter((place) => place.segment.first === segment.first)) {
      const key = { clusterId: cluster.id, storeId, first: segment.first }
      const isDone = await withPiecePlace(context, key, null, async (there) => {
        // Longer or shorter: its mirror sees to it.
        if (there === null || there.segment.sha256 !== made.sha256) return null
        if (storeId === DEFAULT_STORE_ID) {
          if (here === null) return null
          return { ...toPieceColumns(made, there.dir, context.clock.now()), indexBytes: null, indexSha256: null }
        }
        const store = await getStore(context, storeId)
        return putPiece(context, store, { from: temp, segment: made, dir: there.dir, former: there.segment })
      })
      if (!isDone) throw busy()
    }
  })
}

/** An append that is under way would put the former piece back, longer. */
async function assertNotWrittenTo({ db, clock }: ServiceContext, { id }: Cluster): Promise<void> {
  const held = { leaseUntil: { gt: new Date(clock.now()) } }
  const keeping = await db.logKeeping.count({ where: { clusterId: id, ...held } })
  const following = await db.clusterFollow.count({ where: { clusterId: id, enabled: true, ...held } })
  if (keeping + following > 0) throw busy()
}

function busy(): ServiceError {
  return new ServiceError('WRONG_STATE', 'This piece of the log is being written to just now', {
    unaffected: 'it is as it was; what is written next is encrypted to the keys of now',
    remedy: 'start the rotation again in a few minutes',
  })
}
