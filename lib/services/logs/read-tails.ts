import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'

/** Entries of the open ends of a kept log, in order, each once: those behind `after`, which is as far as its pieces go. */
export async function* readTails(
  tails: readonly LogSource[],
  { after, signal }: { readonly after: bigint | null; readonly signal?: AbortSignal },
): AsyncGenerator<readonly TxnEntry[], void, void> {
  let last = after
  for (const tail of tails) {
    const reader = new LogReader(tail.open(), { allowBareCheck: true, signal })
    for await (const batch of reader.readEntries()) {
      const known = last
      const fresh = known === null ? batch : batch.filter(({ zxid }) => zxid > known)
      if (fresh.length === 0) continue
      yield fresh
      last = fresh.at(-1)?.zxid ?? last
    }
  }
}
