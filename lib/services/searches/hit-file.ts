import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import { JsonLinesWriter } from '../engine/json-lines-writer.ts'
import { ServiceError } from '../errors.ts'
import type { HitsPage, SearchHit } from './views.ts'

/**
 * The hits of one run, one a line, in path order. Pages are read from the file while it grows; it is bounded by the search, so that a
 * page may read all of it. Each run has a file of its own: one that lost its job writes where nobody looks.
 */
export async function createHitFile(folder: WorkFolder): Promise<{ name: string; writer: JsonLinesWriter }> {
  const { dir } = folder
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const name = `hits-${randomUUID()}.jsonl`
  const shared = await folder.openLines(name)
  await shared?.appendText('')
  return { name, writer: await JsonLinesWriter.create(join(dir, name), shared) }
}

const LINE_FEED = 0x0a

/** `limit` hits after the first `from`. A line that is still being written does not count, nor does one that is hidden. */
export async function readHits(
  place: { readonly dir: string; readonly name: string },
  range: { readonly from: number; readonly limit: number; readonly isHidden?: (hit: SearchHit) => boolean },
): Promise<HitsPage> {
  let content: Buffer
  try {
    content = await readFile(join(place.dir, place.name))
  } catch (cause) {
    throw new ServiceError('NOT_FOUND', 'The hits of this search are no longer on the disk', {
      cause,
      remedy: 'search again',
    })
  }
  const hits: SearchHit[] = []
  let total = 0
  for (let start = 0; ; ) {
    const end = content.indexOf(LINE_FEED, start)
    if (end === -1) return { hits, total }
    const isAsked = total >= range.from && total < range.from + range.limit
    if (isAsked || range.isHidden) {
      // Written by the search: the shape is ours.
      const hit = JSON.parse(content.toString('utf8', start, end)) as SearchHit
      start = end + 1
      if (range.isHidden?.(hit)) continue
      if (isAsked) hits.push(hit)
    } else start = end + 1
    total++
  }
}
