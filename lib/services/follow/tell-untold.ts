import type { FollowHolding, FollowSink } from '../../adapters/archive/live/follow-sink.ts'
import { formatErrorLine, throwIfAborted } from '../../base/errors.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import type { ServiceContext } from '../context.ts'
import type { FollowReport } from './follow-report.ts'

/**
 * The sink, and as it opens what lies in it is told that nobody was told of: a process that was killed had written it, and was about to. It comes
 * from no leader again. Of a stream that nobody was told of yet it is nobody's news.
 */
export function tellingUntold(sink: FollowSink, report: FollowReport, context: ServiceContext): FollowSink {
  return {
    scratchDir: sink.scratchDir,
    open: async () => {
      const holding = await sink.open()
      await tell(holding, report, context).catch((error: unknown) => {
        throwIfAborted(context.signal)
        context.log.warn({ error: formatErrorLine(error) }, 'What a stream had kept at its end could not be told of')
      })
      return holding
    },
    append: (entries) => sink.append(entries),
    flush: () => sink.flush(),
    base: (base) => sink.base(base),
    gap: (gap) => sink.gap(gap),
    noGap: (gap) => sink.noGap(gap),
    rollBack: (to) => sink.rollBack(to),
    close: () => sink.close(),
  }
}

async function tell({ last, logs }: FollowHolding, report: FollowReport, context: ServiceContext): Promise<void> {
  const after = report.toldUpTo
  if (after === null || last === null || last <= after) return
  // Behind a gap it goes on: what came then is news as well.
  for (let from: bigint | null = after; from !== null; ) {
    const history: HistoryReader = new HistoryReader(logs, { after: from, to: last, signal: context.signal })
    for await (const entries of history.readEntries()) report.onWritten(entries, null)
    from = history.stop?.kind === 'gap' ? history.stop.gap.before - 1n : null
  }
}
