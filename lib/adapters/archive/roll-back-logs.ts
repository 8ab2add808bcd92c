import { access, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64Bare } from '../../base/hex64.ts'
import { makeDir } from '../../base/make-dir.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { HeldKeys } from '../age/age-keys.ts'
import { appendLogs } from './append-logs.ts'
import { isErrnoError, toArchiveError } from './errors.ts'
import { listLogBases } from './log-bases.ts'
import { type LogSegment, segmentFile, segmentIndex, segmentManifest } from './log-segment.ts'
import { layTailsAside, listTails } from './log-tail.ts'
import { listSegments, readSegment } from './read-segments.ts'
import { syncDir } from './temp-dir.ts'

/** See LogArchivePort. */
export async function rollBackLogs(
  dir: string,
  { to, keys }: { readonly to: bigint | null; readonly keys: HeldKeys },
): Promise<void> {
  try {
    const { segments } = await listSegments(dir, keys)
    const beyond = segments.filter(({ last }) => to === null || last > to)
    const bases = (await listLogBases(dir)).filter(({ zxid }) => to === null || zxid > to)
    const tails = await listTails(dir, null)
    if (beyond.length + bases.length + tails.length === 0) return
    const aside = await makeAside(dir, to)
    await layTailsAside(dir, aside)
    // The newest first: a process that is killed in between leaves no gap.
    for (const base of bases) await rename(base.dir, join(/* turbopackIgnore: true */ aside, basename(base.dir)))
    for (const segment of beyond.toReversed()) await moveSegment(dir, segment, aside)
    await syncDir(dir)
    const straddling = beyond.find(({ first }) => to !== null && first <= to)
    if (straddling !== undefined && to !== null) await keepStart(dir, { aside, segment: straddling, to, keys })
  } catch (error) {
    throw toArchiveError(error, `laying aside what ${dir} holds and its cluster does not have any more`)
  }
}

/** `aside/<zxid>`, with a number where there is one already. */
async function makeAside(dir: string, to: bigint | null): Promise<string> {
  const name = join(/* turbopackIgnore: true */ dir, 'aside', to === null ? 'all' : formatHex64Bare(to))
  for (let n = 1; ; n++) {
    const path = n === 1 ? name : `${name}-${n}`
    if (await isThere(path)) continue
    await makeDir(path)
    return path
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function moveSegment(dir: string, segment: LogSegment, aside: string): Promise<void> {
  await rename(segmentFile(dir, segment), segmentFile(aside, segment))
  for (const [from, to] of [
    [segmentIndex(dir, segment), segmentIndex(aside, segment)],
    [segmentManifest(dir, segment.first), segmentManifest(aside, segment.first)],
  ] as const) {
    await rename(from, to).catch((error: unknown) => {
      // Derived from the piece itself, and made anew where it is missing.
      if (!isErrnoError(error) || error.code !== 'ENOENT') throw error
    })
  }
}

async function keepStart(
  dir: string,
  input: { readonly aside: string; readonly segment: LogSegment; readonly to: bigint; readonly keys: HeldKeys },
): Promise<void> {
  const { aside, segment, to, keys } = input
  async function* start(): AsyncGenerator<readonly TxnEntry[]> {
    for await (const batch of readSegment(aside, segment, { keys })) {
      const kept = batch.filter(({ zxid }) => zxid <= to)
      if (kept.length > 0) yield kept
      if (kept.length < batch.length) return
    }
  }
  const recipients = segment.sealed?.recipients
  try {
    await appendLogs(dir, { entries: start(), members: segment.members, ...(recipients && { recipients }) }, keys)
  } catch (error) {
    // Encrypted, and no key at hand: it lies aside whole, and the stream goes on from further back.
    if (!isArkeeperError(error) || error.code !== 'KEY_MISSING') throw error
  }
}
