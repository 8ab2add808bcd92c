import { countOf } from '../../base/count-of.ts'
import type { ChangeField } from '../../domain/diff/change.ts'
import { ChangeRollupBuilder } from '../../domain/diff/summarize-changes.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import type { ServiceContext } from '../context.ts'
import { diffSources } from '../engine/diff-sources.ts'
import { ProgressMeter } from '../engine/progress.ts'
import { freezeIgnoreRules } from '../ignore-rules/list-ignore-rules.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { openTree } from '../tree/open-tree.ts'
import { withWorkFolder } from '../work-folder.ts'
import { describeTreeRef } from './describe-tree-ref.ts'
import { DiffFileWriter } from './diff-file.ts'
import { type DiffSummary, diffOptionsSchema, getDiffRow } from './to-diff-view.ts'

const UNREADABLE_LISTED_MAX = 1000
const TOP_ROWS_MAX = 50

/** The work of a diff job: both trees as streams, the changes into files, the counts into the catalog. */
export async function runDiff(context: ServiceContext, payload: JobPayload<'diff'>, run: JobRun): Promise<JobResult> {
  const row = await getDiffRow(context, payload.diffId)
  await context.db.diff.updateMany({ where: { id: row.id, state: 'queued' }, data: { state: 'running' } })
  const startedAt = context.clock.now()
  const { includeEphemerals } = diffOptionsSchema.parse(row.options)
  const before = await describeTreeRef(context, String(row.left))
  const after = await describeTreeRef(context, String(row.right))
  await run.log('info', `Comparing ${before.label} with ${after.label} at ${row.path}`)

  const left = await openTree(context, before.ref)
  try {
    const right = await openTree(context, after.ref)
    try {
      const summary = await withWorkFolder(context, { folder: row.dir, run }, async (folder) => {
        const made = await compare(context, {
          input: { left: left.reader, right: right.reader, path: row.path, includeEphemerals },
          dir: folder.dir,
          meter: new ProgressMeter(context.clock, run.progress),
          startedAt,
          assertOwned: run.assertOwned,
        })
        await folder.publish()
        return made
      })
      const { added, removed, changed, compared } = summary
      return {
        result: { diffId: row.id, added, removed, changed },
        message: `${countOf(compared, 'znode')} compared: ${added} added, ${removed} removed, ${changed} changed`,
        commit: async (tx) => {
          const rules = await freezeIgnoreRules({ db: tx }, row.clusterId)
          const ignoreRules = rules.map((rule) => ({ ...rule, fields: [...rule.fields] }))
          await tx.diff.updateMany({
            where: { id: row.id },
            data: { state: 'ready', summary, ignoreRules, finishedAt: new Date(context.clock.now()) },
          })
        },
      }
    } finally {
      await right.release()
    }
  } finally {
    await left.release()
  }
}

async function compare(
  context: ServiceContext,
  work: {
    readonly input: Pick<Parameters<typeof diffSources>[0], 'left' | 'right' | 'path' | 'includeEphemerals'>
    readonly dir: string
    readonly meter: ProgressMeter
    readonly startedAt: number
    readonly assertOwned: () => void
  },
): Promise<DiffSummary> {
  const unreadable = new Set<string>()
  const diff = diffSources({
    ...work.input,
    signal: context.signal,
    onUnreadable: (_side, place) => {
      if (unreadable.size < UNREADABLE_LISTED_MAX) unreadable.add(place.path)
    },
  })
  const rollup = new ChangeRollupBuilder({ root: work.input.path, depthMax: 1 })
  const byField: Record<ChangeField, number> = { data: 0, acl: 0, kind: 0 }
  const writer = await DiffFileWriter.create(work.dir)
  // A diff of equal trees yields nothing for long: the counters are asked by the clock, not by the changes.
  const tick = setInterval(() => work.meter.report('Comparing', { done: diff.counts().compared }), 250)
  try {
    for await (const changes of diff.changes) {
      await writer.write(changes)
      rollup.add(changes)
      for (const { fields } of changes) for (const field of fields) byField[field]++
    }
    work.assertOwned()
    await writer.finish()
  } catch (error) {
    await writer.abandon()
    throw error
  } finally {
    clearInterval(tick)
  }
  const counts = diff.counts()
  const byTop = rollup
    .rollup()
    .rows.map(({ path, added, removed, changed }) => ({ path, added, removed, changed }))
    .sort((a, b) => b.added + b.removed + b.changed - (a.added + a.removed + a.changed))
    .slice(0, TOP_ROWS_MAX)
  return {
    added: counts.added,
    removed: counts.removed,
    changed: counts.changed,
    compared: counts.compared,
    ephemeralSkipped: counts.ephemeralSkipped,
    unreadable: [...unreadable],
    byField,
    byTop,
    durationMs: Math.round(context.clock.now() - work.startedAt),
  }
}
