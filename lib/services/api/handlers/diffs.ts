import { exportChanges } from '../../diffs/export-changes.ts'
import { getDiff } from '../../diffs/get-diff.ts'
import { listDiffs } from '../../diffs/list-diffs.ts'
import { startDiff } from '../../diffs/start-diff.ts'
import type { DiffView } from '../../diffs/views.ts'
import { toPage } from '../../page-cursor.ts'
import type { diffOperations } from '../contract/diffs.ts'
import { type Handlers, JSON_LINES } from '../handler.ts'

export const diffHandlers: Handlers<typeof diffOperations> = {
  listDiffs: async (context, { query }) => {
    const { clusterId, limit, after } = query
    const found = await listDiffs(context, { clusterId, limit: limit + 1, before: after })
    return toPage(found.map(toApiDiff), limit)
  },
  startDiff: (context, { body }) => startDiff(context, body),
  getDiff: async (context, { params }) => toApiDiff(await getDiff(context, params.diffId)),
  listChanges: async (context, { params }) => ({
    name: `diff-${params.diffId}.jsonl`,
    contentType: JSON_LINES,
    pieces: exportChanges(context, params.diffId),
  }),
}

/** What could not be read was not found equal. */
function toApiDiff({ summary, ...diff }: DiffView) {
  const equal = summary && summary.added + summary.removed + summary.changed + summary.unreadable.length === 0
  return { ...diff, summary: summary && { ...summary, equal: equal === true } }
}
