import { counterOf, epochOf } from '../../domain/txnlog/continuity.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'

/**
 * The last committed zxid of each epoch before that of `to`, as far as the members' own logs tell. A leader that fails leaves proposals at the
 * end of its log that nobody else has; the numbers do not show it, since a new epoch may follow any of them. Who went on into the next epoch
 * has been made to agree with its leader; where nobody has yet, what most hold is what any next leader has.
 */
export async function findEpochEnds(
  members: readonly (readonly LogSource[])[],
  range: { readonly after: bigint; readonly to: bigint; readonly signal?: AbortSignal },
): Promise<ReadonlyMap<bigint, bigint>> {
  const ends = new Map<bigint, bigint>()
  if (epochOf(range.after) === epochOf(range.to)) return ends
  const passed = new Map<bigint, bigint[]>()
  const open = new Map<bigint, bigint[]>()
  for (const logs of members) await readEnds(logs, range, { passed, open })
  for (const epoch of new Set([...passed.keys(), ...open.keys()])) {
    if (epoch >= epochOf(range.to)) continue
    const known = passed.get(epoch)
    const last = known ? mostFrequent(known) : heldByMost(open.get(epoch) ?? [])
    if (last !== undefined) ends.set(epoch, last)
  }
  return ends
}

type Ends = Map<bigint, bigint[]>

/** Where one member's history passes from one epoch directly into another (`passed`), and where it ends (`open`). */
async function readEnds(
  logs: readonly LogSource[],
  range: { readonly after: bigint; readonly signal?: AbortSignal },
  { passed, open }: { readonly passed: Ends; readonly open: Ends },
): Promise<void> {
  let last: bigint | null = null
  for (let after: bigint | null = range.after; after !== null; ) {
    const reader: HistoryReader = new HistoryReader(logs, { after, to: null, signal: range.signal })
    for await (const batch of reader.readEntries()) {
      for (const { zxid } of batch) {
        const before: bigint = last ?? range.after
        if (epochOf(zxid) > epochOf(before) && counterOf(zxid) === 1n) note(passed, before)
        last = zxid
      }
    }
    after = reader.stop?.kind === 'gap' ? reader.stop.gap.before - 1n : null
  }
  if (last !== null) note(open, last)
}

function note(ends: Ends, zxid: bigint): void {
  const epoch = epochOf(zxid)
  ends.set(epoch, [...(ends.get(epoch) ?? []), zxid])
}

/** The higher of two that are as frequent. */
function mostFrequent(zxids: readonly bigint[]): bigint | undefined {
  const times = (zxid: bigint) => zxids.filter((other) => other === zxid).length
  return [...zxids].sort((a, b) => times(b) - times(a) || (a > b ? -1 : 1))[0]
}

function heldByMost(zxids: readonly bigint[]): bigint | undefined {
  return [...zxids].sort((a, b) => (a > b ? -1 : 1))[Math.floor(zxids.length / 2)]
}
