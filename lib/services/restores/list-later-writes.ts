import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { type LaterWriteLine, readLaterWrites } from '../engine/later-writes-file.ts'
import { parseInput } from '../parse-input.ts'
import { getRestoreRow } from './find-restore.ts'
import type { LaterWriteView } from './views.ts'

const inputSchema = z.object({
  restoreId: z.string(),
  /** Number of lines shown before. */
  from: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(1000).default(100),
})

/** Where others have written since, over what an undo takes back: what the run left there, and what was found when the undo was planned. */
export async function listLaterWrites(
  context: Pick<ServiceContext, 'db' | 'workFiles'>,
  input: z.input<typeof inputSchema>,
): Promise<{ readonly writes: readonly LaterWriteView[]; readonly next: number | null }> {
  const { restoreId, from, limit } = parseInput(inputSchema, input)
  const row = await getRestoreRow(context, restoreId)
  const writes: LaterWriteView[] = []
  let at = 0
  for await (const line of readLaterWrites(await context.workFiles.fetch(row.dir))) {
    if (at++ < from) continue
    if (writes.length === limit) return { writes, next: from + limit }
    writes.push({
      path: line.path,
      what: line.what,
      expected: describe(line, line.expected),
      found: describe(line, line.found),
    })
  }
  return { writes, next: null }
}

function describe({ what }: LaterWriteLine, state: LaterWriteLine['found']): string {
  if (state === null) return 'nothing there'
  const version = what === 'acl' ? `ACL version ${state.aversion}` : `version ${state.version}`
  return `${version}, created at ${state.czxid}`
}
