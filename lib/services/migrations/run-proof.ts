import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { diffStreams } from '../../domain/diff/diff-streams.ts'
import { mapPaths } from '../../domain/restore/map-paths.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import type { ServiceContext } from '../context.ts'
import { ProgressMeter } from '../engine/progress.ts'
import { ServiceError } from '../errors.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { getMigrationRow, type MigrationRow } from './find-migration.ts'
import type { MigrationProof } from './schemas.ts'

/** Comparisons until one sees the source stand still; the sessions that Arkeeper itself opens and closes move the zxid as well. */
const ATTEMPTS_MAX = 3
const EXAMPLES_MAX = 20

/**
 * The comparison at the end: both trees are read while the source's zxid does not move, from a sync of every session that reads to the last
 * answer. Sessions that open or close move the zxid too, so that nothing at all was written meanwhile when it stood still.
 */
export async function runProof(
  context: ServiceContext,
  payload: JobPayload<'migrate-proof'>,
  run: JobRun,
): Promise<JobResult> {
  const row = await getMigrationRow(context, payload.migrationId)
  if (row.state !== 'switching') {
    throw new ServiceError('WRONG_STATE', `The migration is ${row.state}`, { unaffected: 'nothing was written' })
  }
  await run.log('info', `Comparing ${row.sourceName} with ${row.targetName} while the source stands still`)
  const source = await context.sessions.borrow(row.sourceId, { signal: context.signal })
  const target = await context.sessions.borrow(row.targetId, { signal: context.signal })
  let proof: MigrationProof
  for (let attempts = 1; ; attempts++) {
    proof = await compare(context, { row, source, target, attempts, run })
    if (proof.still || attempts >= ATTEMPTS_MAX) break
    await run.log('warn', `The source moved from ${proof.sourceZxidFrom} to ${proof.sourceZxidTo} meanwhile`)
  }
  return {
    result: { migrationId: row.id, ok: proof.ok },
    message: describe(proof),
    commit: async (tx) => {
      const now = new Date(context.clock.now())
      const { count } = await tx.migration.updateMany({
        where: { id: row.id, state: 'switching', proofJobId: run.job.id },
        data: {
          proof,
          finalRounds: null,
          nextRunAt: null,
          waiting: null,
          ...(proof.ok ? { state: 'done', finishedAt: now } : {}),
        },
      })
      if (count === 0) throw new ServiceError('WRONG_STATE', 'The migration was stopped or steered meanwhile')
    },
  }
}

async function compare(
  context: ServiceContext,
  work: {
    readonly row: MigrationRow
    readonly source: ClusterConnection
    readonly target: ClusterConnection
    readonly attempts: number
    readonly run: JobRun
  },
): Promise<MigrationProof> {
  const { row, source, target, attempts, run } = work
  const { sourcePath, targetPath, mode } = row
  const { signal } = context
  const startedAt = context.clock.now()
  const meter = new ProgressMeter(context.clock, run.progress)
  const from = source.walk([sourcePath], { signal })
  const to = target.walk([targetPath], { signal })
  const unreadable = new Set<string>()
  const diff = diffStreams(mapPaths(to.stream, targetPath, targetPath), mapPaths(from.stream, sourcePath, targetPath), {
    onUnreadable: (_side, { path }) => unreadable.add(path),
    signal,
  })
  const counts = { added: 0, removed: 0, changed: 0 }
  const examples: { path: string; change: string }[] = []
  const tick = setInterval(() => meter.report('Comparing', { done: diff.counts().compared }), 250)
  try {
    for await (const changes of diff.changes) {
      for (const { path, change } of changes) {
        // Without mirroring, what only the target has is meant to stay.
        if (mode !== 'mirror' && change === 'removed') continue
        counts[change]++
        if (examples.length < EXAMPLES_MAX) examples.push({ path, change })
      }
    }
  } finally {
    clearInterval(tick)
  }
  const read = from.facts()
  const written = to.facts()
  const still = read.zxidFrom === read.zxidTo && read.vanished.length === 0
  const differences = counts.added + counts.removed + counts.changed
  return {
    at: new Date(context.clock.now()).toISOString(),
    ok: still && differences === 0 && unreadable.size === 0,
    source: { zxid: formatHex64(read.zxidTo), znodes: read.znodes },
    target: { zxid: formatHex64(written.zxidTo), znodes: written.znodes },
    sourceZxidFrom: formatHex64(read.zxidFrom),
    sourceZxidTo: formatHex64(read.zxidTo),
    still,
    attempts,
    compared: diff.counts().compared,
    ...counts,
    ephemerals: diff.counts().ephemeralSkipped,
    unreadable: unreadable.size,
    examples,
    durationMs: Math.round(context.clock.now() - startedAt),
  }
}

function describe(proof: MigrationProof): string {
  const differences = proof.added + proof.removed + proof.changed
  if (proof.ok) return `${countOf(proof.compared, 'znode')} compared at ${proof.source.zxid}: no difference`
  if (differences > 0) return `${countOf(differences, 'difference')} left: it is not done`
  if (!proof.still) return 'No difference, but the source is still written to: it is not done'
  return `${countOf(proof.unreadable, 'place')} could not be read: it is not done`
}
