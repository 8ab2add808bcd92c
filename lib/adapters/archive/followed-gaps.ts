import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { parseHex64 } from '../../base/hex64.ts'
import { counterOf } from '../../domain/txnlog/continuity.ts'
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

/** Numbers that epochs begin with, below which something is missing that no number shows: see LogSource. */
export function missedBelowOf(gaps: readonly FollowedGap[], { perhaps }: { readonly perhaps: boolean }): bigint[] {
  return gaps.flatMap((gap) => {
    const to = parseHex64(gap.to) ?? 0n
    return counterOf(to) === 0n && (perhaps || !gap.perhaps) ? [to] : []
  })
}

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
  return parseFollowedGaps(text.split('\n'))
}

export function parseFollowedGaps(lines: readonly string[]): FollowedGap[] {
  return lines.flatMap((line) => {
    try {
      return gapSchema.safeParse(JSON.parse(line)).data ?? []
    } catch {
      return []
    }
  })
}
