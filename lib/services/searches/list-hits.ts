import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { parseInput } from '../parse-input.ts'
import { loadValueMask, type ValueMask, withValueMask } from '../values/value-mask.ts'
import { readHits } from './hit-file.ts'
import { HITS_PER_PAGE } from './schemas.ts'
import { getSearchRow } from './to-search-view.ts'
import type { HitsPage, SearchHit } from './views.ts'

const inputSchema = z.object({
  searchId: z.string(),
  from: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(1000).default(HITS_PER_PAGE),
})

/** Hits in path order: also of a search that still runs, or that was ended before its end. */
export async function listHits(context: ServiceContext, input: z.input<typeof inputSchema>): Promise<HitsPage> {
  const { searchId, from, limit } = parseInput(inputSchema, input)
  const row = await getSearchRow(context, searchId)
  if (row.file === null) return { hits: [], total: 0 }
  const place = { dir: await context.workFiles.fetch(row.dir), name: row.file }
  // A rule that was made since holds for what was found before.
  const read = async (mask: ValueMask): Promise<HitsPage> => {
    const isHidden = (hit: SearchHit) => hit.match !== null && mask.judge(hit.path)?.isHidden === true
    const page = await readHits(place, { from, limit, isHidden })
    for (const { path, match } of page.hits) if (match !== null) mask.show(path)
    return page
  }
  const { clusterId, tree } = row
  return clusterId === null
    ? read(await loadValueMask(context, null))
    : withValueMask(context, { clusterId, tree }, read)
}
