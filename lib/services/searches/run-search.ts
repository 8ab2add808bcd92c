import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import { countOf } from '../../base/count-of.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { ProgressMeter } from '../engine/progress.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { openTree } from '../tree/open-tree.ts'
import type { TreeRef } from '../tree/tree-ref.ts'
import { loadMaskForAll } from '../values/value-mask.ts'
import { withWorkFolder } from '../work-folder.ts'
import { createHitFile } from './hit-file.ts'
import { searchTree } from './search-tree.ts'
import { getSearchRow, type SearchRow, toQuery } from './to-search-view.ts'
import type { SearchSummary } from './views.ts'

const FLUSH_EVERY_MS = 500
const HITS_BYTES_MAX = 16 * 1024 * 1024

/** The work of a search job: the tree as a stream, the hits into a file that pages read meanwhile, the counts into the catalog. */
export async function runSearch(
  context: ServiceContext,
  payload: JobPayload<'search'>,
  run: JobRun,
): Promise<JobResult> {
  const row = await getSearchRow(context, payload.searchId)
  return withWorkFolder(context, { folder: row.dir, run }, (folder) => runIn(context, row, { folder, run }))
}

async function runIn(
  context: ServiceContext,
  row: SearchRow,
  { folder, run }: { readonly folder: WorkFolder; readonly run: JobRun },
): Promise<JobResult> {
  const query = toQuery(context, row)
  const { ref, label } = await describeTreeRef(context, row.tree)
  await run.log('info', `Searching ${label} at ${row.path}`)
  await sweepOldSearches(context)
  const startedAt = context.clock.now()
  const meter = new ProgressMeter(context.clock, run.progress)
  const total = await findTotal(context, ref, row.path)

  const { name, writer } = await createHitFile(folder)
  try {
    const tree = await openTree(context, ref)
    try {
      run.assertOwned()
      await beginRun(context, row, { folder, name })
      let flushedAt = startedAt
      const counts = await searchTree(
        { reader: tree.reader, query, mask: await loadMaskForAll(context, tree.clusterId), signal: context.signal },
        {
          append: (hit) => writer.append(hit),
          hasRoom: () => writer.bytes < HITS_BYTES_MAX,
          afterBatch: async (looked) => {
            meter.report('Searching', { done: looked, total })
            const now = context.clock.now()
            if (!writer.isFull && now - flushedAt < FLUSH_EVERY_MS) return
            flushedAt = now
            await writer.flush()
          },
        },
      )
      const summary = { ...counts, durationMs: Math.round(context.clock.now() - startedAt) }
      return toResult(context, row, { folder, name, summary })
    } finally {
      await tree.release()
    }
  } finally {
    // Also after a failure or a cancel: what was found until then stays to be seen.
    await writer.finish()
  }
}

/** From now on pages read the file of this run. */
async function beginRun(
  context: ServiceContext,
  row: SearchRow,
  { folder, name }: { readonly folder: WorkFolder; readonly name: string },
): Promise<void> {
  await context.db.search.updateMany({
    where: { id: row.id, state: { in: ['queued', 'running'] } },
    data: { state: 'running', file: name },
  })
  if (row.file !== null) await folder.drop(row.file)
}

function toResult(
  context: ServiceContext,
  row: SearchRow,
  { folder, name, summary }: { readonly folder: WorkFolder; readonly name: string; readonly summary: SearchSummary },
): JobResult {
  const { hits, looked, cut, unreadableCount } = summary
  const isCut = cut === null ? '' : '; there are more, the search ended there'
  const isUnsure = unreadableCount === 0 ? '' : `; ${countOf(unreadableCount, 'place')} could not be read`
  return {
    result: { searchId: row.id, hits },
    message: `${countOf(hits, 'hit')} in ${countOf(looked, 'znode')}${isCut}${isUnsure}`,
    commit: async (tx) => {
      const stored = { ...summary, roots: [...summary.roots], unreadable: [...summary.unreadable] }
      await tx.search.updateMany({
        where: { id: row.id },
        data: { state: 'ready', summary: stored, file: name, finishedAt: new Date(context.clock.now()) },
      })
    },
    discard: () => folder.drop(name),
  }
}

/** How much there is to look at, where the catalog knows. */
async function findTotal(context: ServiceContext, ref: TreeRef, path: string): Promise<number | null> {
  if (ref.kind !== 'backup' || path !== '/') return null
  const backup = await context.db.backup.findUnique({ where: { id: ref.backupId }, select: { znodes: true } })
  return backup?.znodes ?? null
}

/** Results hold pieces of values, so they are not kept for ever. */
export const SEARCHES_KEPT = 100

async function sweepOldSearches(context: ServiceContext): Promise<void> {
  const old = await context.db.search.findMany({
    where: { state: { in: ['ready', 'failed', 'cancelled'] } },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    skip: SEARCHES_KEPT,
    select: { id: true, dir: true },
  })
  for (const { id, dir } of old) {
    await context.workFiles.remove(dir)
    await context.db.search.deleteMany({ where: { id } })
  }
}
