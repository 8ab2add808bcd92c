import type { AppendedLogs } from '../../adapters/archive/log-archive.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { epochOf, type Gap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { HistoryReader, type HistoryStop } from '../../domain/txnlog/read-history.ts'
import type { EngineContext } from '../context.ts'
import { findEpochEnds } from './epoch-ends.ts'
import { EngineError } from './errors.ts'

export interface MemberDirectory {
  readonly name: string
  readonly dataLogDir: string
}

/** What one member's directory held when it was looked at. */
export interface MemberCoverage {
  readonly member: string
  readonly logs: number
  /** First zxid by the names of its logs; null where it has none or could not be read. */
  readonly first: bigint | null
  readonly error: string | null
}

export interface ArchivedLogs extends AppendedLogs {
  readonly coverage: readonly MemberCoverage[]
  /** Transactions that no member holds any more, found in this run. */
  readonly gaps: readonly Gap[]
}

export interface ArchiveLogsInput {
  readonly members: readonly MemberDirectory[]
  readonly dir: string
  readonly upTo: bigint
  /** The end of what is archived elsewhere; only what lies behind it is read. */
  readonly after?: bigint | null
}

/** A server may purge between our listing and our reading; the second listing shows what is left. */
const ATTEMPTS_MAX = 2

/**
 * Copies into the archive what the members' logs hold beyond it, up to `upTo`: what lies behind may be proposed and never committed. The
 * members are read as one history, so that what one has purged or lost another gives; what a failed leader proposed at the end of its epoch
 * and nobody else has is left out. Nothing is written to a member.
 */
export async function archiveMemberLogs(context: EngineContext, input: ArchiveLogsInput): Promise<ArchivedLogs> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await archiveOnce(context, input)
    } catch (error) {
      const isGone = isArkeeperError(error) && error.code === 'NOT_FOUND'
      if (!isGone || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

async function archiveOnce(context: EngineContext, input: ArchiveLogsInput): Promise<ArchivedLogs> {
  const { logs } = context.archives
  const { sources, byMember, coverage } = await listSources(context, input.members)
  const first = coverage.reduce<bigint | null>(
    (least, one) => (one.first !== null && (least === null || one.first < least) ? one.first : least),
    null,
  )
  if (first === null) throw nothingToRead(coverage)
  const { segments } = await logs.list(input.dir)
  const gaps: Gap[] = []
  const last = segments.at(-1)?.last ?? null
  const elsewhere = input.after ?? null
  const after = (elsewhere !== null && (last === null || elsewhere > last) ? elsewhere : last) ?? first - 1n
  const reading: Reading = { gaps, damage: null }
  const range = { after, to: input.upTo, signal: context.signal }
  const ends = await findEpochEnds(byMember, range)
  const entries = withoutTails(readAcrossGaps(sources, { ...range, reading }), ends)
  const members = coverage.filter((one) => one.first !== null).map(({ member }) => member)
  const appended = await logs.append(input.dir, { entries, members, signal: context.signal })
  // Told only now: what came before the damage is archived.
  if (reading.damage !== null) throw damaged(reading.damage, appended.last)
  return { ...appended, coverage, gaps }
}

async function listSources(context: EngineContext, members: readonly MemberDirectory[]) {
  const byMember: LogSource[][] = []
  const coverage: MemberCoverage[] = []
  for (const { name, dataLogDir } of members) {
    try {
      const found = await context.archives.logs.memberLogs(dataLogDir)
      byMember.push(found.map((log) => ({ ...log, name: `${name}: ${log.name}`, place: name })))
      coverage.push({ member: name, logs: found.length, first: found[0]?.zxid ?? null, error: null })
    } catch (error) {
      if (!isArkeeperError(error)) throw error
      // One member that cannot be read is no reason to lose what the others hold.
      coverage.push({ member: name, logs: 0, first: null, error: error.message })
    }
  }
  return { sources: byMember.flat(), byMember, coverage }
}

function nothingToRead(coverage: readonly MemberCoverage[]): EngineError {
  const faults = coverage.map(({ member, error }) => `${member}: ${error ?? 'no logs there'}`)
  return new EngineError(
    'BAD_SOURCE',
    `No member has a log that can be read (${faults.join('; ') || 'no member is named'})`,
    {
      unaffected: 'what is archived already is as it was',
      remedy:
        "check dataDir and dataLogDir in the server's configuration file, and the rights of the user that Arkeeper runs as",
    },
  )
}

/** One history after the other: behind a gap that no member fills, reading begins anew and the gap is told. */
async function* readAcrossGaps(
  sources: readonly LogSource[],
  input: { readonly after: bigint; readonly to: bigint; readonly reading: Reading; readonly signal?: AbortSignal },
): AsyncGenerator<readonly TxnEntry[]> {
  let after = input.after
  for (;;) {
    throwIfAborted(input.signal)
    if (after >= input.to) return
    const reader = new HistoryReader(sources, { after, to: input.to, signal: input.signal })
    yield* reader.readEntries()
    const { stop } = reader
    if (stop?.kind === 'damage') input.reading.damage = stop
    if (stop?.kind !== 'gap') return
    input.reading.gaps.push(stop.gap)
    after = stop.gap.before - 1n
  }
}

/** What lies behind the end of its epoch was proposed, and never committed. */
async function* withoutTails(
  entries: AsyncIterable<readonly TxnEntry[]>,
  ends: ReadonlyMap<bigint, bigint>,
): AsyncGenerator<readonly TxnEntry[]> {
  for await (const batch of entries) {
    const committed = batch.filter(({ zxid }) => zxid <= (ends.get(epochOf(zxid)) ?? zxid))
    if (committed.length > 0) yield committed
  }
}

interface Reading {
  readonly gaps: Gap[]
  damage: Extract<HistoryStop, { kind: 'damage' }> | null
}

function damaged({ file, error }: Extract<HistoryStop, { kind: 'damage' }>, last: bigint | null): EngineError {
  const upTo = last === null ? 'nothing' : `everything up to ${formatHex64(last)}`
  return new EngineError('BAD_SOURCE', `${file} cannot be read to its end: ${error.message}`, {
    unaffected: `${upTo} is archived`,
    remedy: 'look at that file; a copy of the same log on another member fills the place',
    cause: error,
  })
}
