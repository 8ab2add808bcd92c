import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { DataDir } from './data-dir.ts'
import { isErrnoError, toArchiveError } from './errors.ts'

const hex = z.string().regex(/^0x[0-9a-f]{1,16}$/)
const gapSchema = z.object({
  from: hex,
  to: hex,
  why: z.string(),
  /** An election lies in between, and whether anything is missing cannot be told. */
  perhaps: z.literal(true).optional(),
  at: z.number(),
})
/** Transactions that a follow has missed, both ends included; `at` in ms since 1970. */
export type FollowedGap = Readonly<z.infer<typeof gapSchema>>

/** What `gaps.jsonl` beside the data directory says; null where no follow has written it. A line that was cut is passed over. */
export async function readFollowedGaps({ dir }: DataDir): Promise<FollowedGap[] | null> {
  const path = join(/* turbopackIgnore: true */ dirname(dir), 'gaps.jsonl')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return null
    throw toArchiveError(error, `reading ${path}`)
  }
  return text.split('\n').flatMap((line) => {
    try {
      return gapSchema.safeParse(JSON.parse(line)).data ?? []
    } catch {
      return []
    }
  })
}
