import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { describeRemoved } from '../logs/find-removed.ts'
import { MomentError } from './errors.ts'
import { readPiece, tailOf } from './read-past.ts'
import { describeFault, type TimeLine } from './read-time-line.ts'
import type { PickedMomentView } from './views.ts'

/** What a person gave: a time (UTC) or a zxid, as text. */
export interface PickInput {
  readonly at: string
  readonly zxid: string
}

interface Found {
  readonly zxid: bigint
  readonly timeMs: number | null
}

/**
 * The last transaction at or before what was picked. Times are the leader's, which may go back: then the later transaction counts. Throws
 * INVALID_INPUT for what is no time or zxid, OUT_OF_REACH with the range that there is.
 */
export async function pickMoment(context: ServiceContext, line: TimeLine, input: PickInput): Promise<PickedMomentView> {
  const found =
    input.zxid.trim() === '' ? await byTime(context, line, input.at) : await byZxid(context, line, input.zxid)
  if (found === null) throw outOfReach(line, input)
  return {
    zxid: formatHex64(found.zxid),
    at: found.timeMs === null ? null : new Date(found.timeMs).toISOString(),
  }
}

async function byZxid(context: ServiceContext, line: TimeLine, text: string): Promise<Found | null> {
  const wanted = parseHex64(text)
  if (wanted === null || wanted <= 0n) {
    throw invalid('zxid', `"${text.trim()}" is no zxid: give it in hex, for example 0x1a2`)
  }
  const last = line.reach.at(-1)
  if (last && wanted > last.to) return null
  const { history, committed } = line
  const fits = (entry: TxnEntry) => entry.zxid <= wanted
  const tail = tailOf(context, history, committed)
  let found: Found | null = null
  if (tail !== null && wanted > tail.after)
    found = await findLast(tail.readEntries(), fits, (entry) => entry.zxid > wanted)
  const piece = history.archived.segments.findLast(({ first }) => first <= wanted)
  if (found === null && piece) {
    const block = piece.blocks.findLast(({ first }) => first <= wanted)
    const entries = readPiece(context, history, piece, block?.first)
    found = await findLast(entries, fits, (entry) => entry.zxid > wanted)
  }
  const best = laterBase(line, found, (base) => base.zxid <= wanted)
  assertKnown(line, wanted, best)
  return best
}

/** In a gap nobody knows which transaction was the last one. */
function assertKnown(line: TimeLine, wanted: bigint, best: Found | null): void {
  const part = line.reach.find(({ from, to }) => from <= wanted && wanted <= to)
  if (part?.fault?.kind !== 'gap' || (best !== null && best.zxid > part.fault.gap.after)) return
  throw new MomentError(
    'OUT_OF_REACH',
    `${formatHex64(wanted)} cannot be reached: ${describeFault(part, { hasLogs: true, removed: line.removed })}`,
    {
      unaffected: 'nothing was read or written',
      remedy: `pick a moment up to ${formatHex64(part.fault.gap.after)}, or one behind ${formatHex64(part.to)}`,
    },
  )
}

async function byTime(context: ServiceContext, line: TimeLine, text: string): Promise<Found | null> {
  const wanted = parseUtc(text)
  if (wanted === null) {
    throw invalid('at', `"${text.trim()}" is no time: give it in UTC, for example 2026-11-25 14:03:07`)
  }
  const wantedMs = wanted.toMs
  const { history, committed } = line
  const fits = (entry: TxnEntry) => entry.timeMs <= wantedMs
  const tail = tailOf(context, history, committed)
  let found = tail === null ? null : await findLast(tail.readEntries(), fits)
  for (const piece of history.archived.segments.toReversed()) {
    if (found !== null) break
    if (piece.minTimeMs > wantedMs) continue
    // Blocks say when they begin: what is looked for lies in the last that begins in time, or behind it.
    const block = piece.blocks.findLast(({ timeMs }) => timeMs <= wantedMs)
    found = await findLast(readPiece(context, history, piece, block?.first), fits)
  }
  const best = laterBase(line, found, (base) => base.takenAtMs !== null && base.takenAtMs <= wantedMs)
  if (best?.timeMs != null && best.timeMs < wanted.fromMs) assertNoGapBehind(line, best.zxid, text)
  return best
}

/** What is missing may have happened before the time that was picked. */
function assertNoGapBehind({ reach, removed }: TimeLine, zxid: bigint, text: string): void {
  const part = reach.find(({ fault }) => fault?.kind === 'gap' && fault.gap.after === zxid)
  if (!part) return
  throw new MomentError(
    'OUT_OF_REACH',
    `The state at ${text.trim()} is not known: ${describeFault(part, { hasLogs: true, removed })}`,
    {
      unaffected: 'nothing was read or written',
      remedy: `pick the zxid ${formatHex64(zxid)} for the last state before the gap`,
    },
  )
}

/** A backup behind the end of the logs is a moment too. */
function laterBase(
  { history, reach }: TimeLine,
  found: Found | null,
  fits: (base: TimeLine['history']['bases'][number]) => boolean,
): Found | null {
  let best = found
  for (const base of history.bases) {
    const isAlone = reach.some(({ from, to }) => from === base.zxid && to === base.zxid)
    if (base.zxid === 0n || !fits(base) || (best !== null && (base.zxid <= best.zxid || !isAlone))) continue
    best = { zxid: base.zxid, timeMs: base.takenAtMs }
  }
  return best
}

async function findLast(
  entries: AsyncGenerator<readonly TxnEntry[]>,
  fits: (entry: TxnEntry) => boolean,
  isBehind: (entry: TxnEntry) => boolean = () => false,
): Promise<Found | null> {
  let found: Found | null = null
  for await (const batch of entries) {
    for (const entry of batch) {
      if (fits(entry)) found = { zxid: entry.zxid, timeMs: entry.timeMs }
      else if (isBehind(entry)) return found
    }
  }
  return found
}

/** `2026-11-25 14:03:07`, with or without T, seconds, fractions, Z or UTC; without a fraction all of the second. Null for anything else. */
export function parseUtc(text: string): { readonly fromMs: number; readonly toMs: number } | null {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(?:Z|UTC)?$/i.exec(text.trim())
  if (!match) return null
  const [, day, minute = '00:00', second = '00', fraction] = match
  const ms = Date.parse(`${day}T${minute}:${second}${fraction?.slice(0, 4).padEnd(4, '0') ?? '.000'}Z`)
  // 31 February is no day.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(`${day}T`)) return null
  return { fromMs: ms, toMs: fraction === undefined ? ms + 999 : ms }
}

function invalid(field: string, message: string): ServiceError {
  return new ServiceError('INVALID_INPUT', message, {
    unaffected: 'nothing was read or written',
    details: { fields: { [field]: message } },
  })
}

function outOfReach({ view, removed }: TimeLine, input: PickInput): MomentError {
  const picked = input.zxid.trim() || input.at.trim()
  const [first, last] = [view.ranges[0], view.ranges.at(-1)]
  const end = (zxid: string, at: string | null) =>
    at === null ? zxid : `${zxid} (${at.slice(0, 19).replace('T', ' ')} UTC)`
  const range =
    first && last
      ? `what is known of ${view.clusterName} reaches from ${end(first.from, first.fromAt)} to ${end(last.to, last.toAt)}`
      : `nothing is known of the past of ${view.clusterName}`
  const isRemoved = removed !== null && first !== undefined && isBefore(input, first)
  const why = isRemoved ? `${describeRemoved(removed)}; ` : ''
  return new MomentError('OUT_OF_REACH', `${picked} is out of reach: ${why}${range}`, {
    unaffected: 'nothing was read or written',
    remedy: first ? 'pick a moment within it' : 'keep the transaction log of the cluster, or take a backup',
  })
}

function isBefore({ at, zxid }: PickInput, first: TimeLine['view']['ranges'][number]): boolean {
  if (zxid.trim() !== '') return (parseHex64(zxid) ?? 0n) < (parseHex64(first.from) ?? 0n)
  const wanted = parseUtc(at)
  return wanted !== null && (first.fromAt === null || wanted.toMs < Date.parse(first.fromAt))
}
