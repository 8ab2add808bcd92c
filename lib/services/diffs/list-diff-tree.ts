import { z } from 'zod'
import { joinPath, parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { parseInput } from '../parse-input.ts'
import { findRulesFor } from './apply-ignore-rules.ts'
import { findChange, readBelow } from './diff-file.ts'
import { collectRows, isIgnoredBy, matches } from './diff-tree.ts'
import { changeFilterSchema, IGNORED_MODES } from './schemas.ts'
import { getReadyDiff } from './to-diff-view.ts'
import type { DiffTreePage, DiffTreeRow } from './views.ts'

const inputSchema = z.object({
  diffId: z.string(),
  parent: z.string(),
  filter: changeFilterSchema.default({ kinds: [], fields: [], search: '' }),
  ignored: z.enum(IGNORED_MODES).default('hide'),
  /** `next` of the page before: the name of its last child. */
  after: z.string().nullish(),
  limit: z.number().int().min(1).max(1000).default(200),
})

const PAGES_MAX = 64
/** Results never change, and a page over a large subtree takes a scan of it: the few last asked pages are kept. */
const pages = new Map<string, DiffTreePage>()

/** Only what differs, level by level. The change of the diff's own root, if any, is the first row of its first page. */
export async function listDiffTree(
  context: Pick<ServiceContext, 'db' | 'workFiles'>,
  input: z.input<typeof inputSchema>,
): Promise<DiffTreePage> {
  const { diffId, parent: parentText, filter, ignored, after, limit } = parseInput(inputSchema, input)
  const parent = parsePath(parentText)
  const diff = await getReadyDiff(context, diffId)
  const { applied, key: rulesKey } = await findRulesFor(context, diff)
  const ignores = { rules: applied, mode: ignored }
  const key = JSON.stringify([diffId, parent, filter, after ?? null, limit, ignored, rulesKey])
  const known = pages.get(key)
  if (known) return known

  const dir = await context.workFiles.fetch(diff.dir)
  const wanted = {
    ...(filter.kinds.length > 0 ? { kinds: filter.kinds } : {}),
    ...(filter.fields.length > 0 ? { fields: filter.fields } : {}),
    ...(filter.search !== '' ? { pathIncludes: filter.search } : {}),
  }
  const page = await collectRows(readBelow(dir, parent, after ? joinPath(parent, after) : null), {
    parent,
    filter: wanted,
    limit,
    ignores,
  })
  if (parent === diff.path && !after) {
    const own = await findChange(dir, parent)
    const isIgnored = own !== null && isIgnoredBy(ignores, own)
    if (own && matches(own, wanted) && (!isIgnored || ignored === 'show'))
      page.rows.unshift(toRootRow({ ...own, ignored: isIgnored }))
  }
  pages.set(key, page)
  const oldest = pages.keys().next()
  if (pages.size > PAGES_MAX && !oldest.done) pages.delete(oldest.value)
  return page
}

function toRootRow(own: Pick<DiffTreeRow, 'path' | 'fields' | 'ephemeral' | 'change' | 'ignored'>): DiffTreeRow {
  return {
    path: own.path,
    name: own.path,
    change: own.change,
    fields: own.fields,
    ephemeral: own.ephemeral,
    ignored: own.ignored,
    below: { added: 0, removed: 0, changed: 0 },
  }
}
