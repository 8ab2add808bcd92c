import { Zxid } from '@/app/_components/zxid.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { ClusterRpoView } from '@/lib/services/schedules/views.ts'
import { distanceWords } from './schedule-words.ts'

/** What a disaster may cost as things are set now, in a sentence. */
export function RpoCard({ rpo }: { rpo: ClusterRpoView }) {
  const { scheduleGapMs, backupMs, worstMs, hasBase, log } = rpo
  return (
    <Card title="What may be lost at worst">
      <div className="flex flex-col gap-3 text-sm">
        {!hasBase && (
          <Notice tone="bad" title="There is no good backup yet">
            Until the first one is there, everything may be lost: the transaction log has nothing to begin from. What
            follows holds from then on.
          </Notice>
        )}
        {worstMs === null || scheduleGapMs === null ? (
          <Notice tone="warn" title="No schedule takes the whole tree">
            Without one that is on, whatever was written since the last backup by hand may be lost.
          </Notice>
        ) : (
          <p>
            By backups: at most <strong>{distanceWords(worstMs)}</strong> of writes, which is the longest distance
            between two runs ({distanceWords(scheduleGapMs)})
            {backupMs === null
              ? '; no backup was taken yet to know how long one takes.'
              : ' and the time a backup takes.'}
          </p>
        )}
        {log === null ? (
          <p className="text-muted">
            The transaction log is not kept: between two backups nothing can be brought back. Below it can be switched
            on where a member’s directory is known.
          </p>
        ) : (
          <LogWords log={log} />
        )}
      </div>
    </Card>
  )
}

function LogWords({ log }: { log: NonNullable<ClusterRpoView['log']> }) {
  const { everySeconds, lastOkAt, isFailing, lag } = log
  return (
    <>
      {isFailing ? (
        <Notice tone="bad" title="The transaction log cannot be archived at present">
          It protects only up to the last good run{lastOkAt ? ', ' : '; there is none.'}
          {lastOkAt && <RelativeTime at={lastOkAt} />}.
        </Notice>
      ) : (
        <p>
          By the transaction log: at most <strong>{distanceWords(everySeconds * 1000)}</strong> of writes, archived last{' '}
          {lastOkAt ? <RelativeTime at={lastOkAt} /> : 'never yet'}.
        </p>
      )}
      {lag && (
        <p className="text-muted">
          Archived to {lag.archived ? <Zxid value={lag.archived} /> : 'nothing yet'}, live <Zxid value={lag.live} />{' '}
          <RelativeTime at={lag.at} />:{' '}
          {lag.transactions === null
            ? 'in another epoch, so that the distance cannot be counted'
            : lag.transactions === 0
              ? 'nothing is behind'
              : `${formatCount(lag.transactions)} ${plural(lag.transactions, 'transaction').replace(/^[\d,]+ /, '')} behind`}
          .
        </p>
      )}
    </>
  )
}
