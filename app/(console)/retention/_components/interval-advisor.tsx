import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { cronOfInterval, describeCron } from '@/lib/domain/retention/cron.ts'
import { INTERVAL_MINUTES_MAX } from '@/lib/services/retention/schemas.ts'
import type { AdvisorView, LossView, RateView } from '@/lib/services/retention/views.ts'
import { PlainFact } from './plain-fact.tsx'
import { durationWords, kindWords, perMinute, rateCount, spreadWords } from './retention-words.ts'

const PRESETS: ReadonlyArray<readonly [number, string]> = [
  [5, '5 min'],
  [15, '15 min'],
  [60, '1 h'],
  [360, '6 h'],
  [1440, '1 d'],
]

const minutesOf = (ms: number) => Math.min(INTERVAL_MINUTES_MAX, Math.max(1, Math.floor(ms / 60_000)))

/** What an interval between backups would lose at worst, from what the logs say about the writing. */
export function IntervalAdvisor({ clusterId, advisor }: { clusterId: string; advisor: AdvisorView }) {
  const { everyMinutes, rate, losses, seed } = advisor
  const interval = durationWords(everyMinutes * 60_000)
  return (
    <Card title="How often to back up">
      <div className="flex min-w-0 flex-col gap-4">
        <form action={paths.clusterRetention(clusterId)} className="flex flex-wrap items-end gap-3">
          <TextField
            key={everyMinutes}
            label="A backup every … minutes"
            name="every"
            type="number"
            min={1}
            max={INTERVAL_MINUTES_MAX}
            required
            defaultValue={everyMinutes}
            wrapperClassName="w-48"
          />
          <Button type="submit" tone="primary">
            Show what it would lose
          </Button>
          <ul aria-label="Usual intervals" className="flex flex-wrap items-center gap-x-3 gap-y-1 pb-1.5 text-sm">
            {PRESETS.map(([minutes, label]) => (
              <li key={minutes}>
                <Link
                  href={paths.clusterRetention(clusterId, { every: minutes })}
                  aria-current={minutes === everyMinutes ? 'true' : undefined}
                  className={minutes === everyMinutes ? 'font-semibold' : 'link'}
                >
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        </form>
        <p className="text-sm">
          <Link href={paths.clusterSchedules(clusterId, { every: everyMinutes })} className="link">
            Make a schedule of it
          </Link>{' '}
          <span className="text-muted">
            ({describeCron(cronOfInterval(everyMinutes)).toLowerCase()}
            {seed !== null && (
              <>
                ; the rule of thumb below says{' '}
                <Link href={paths.clusterSchedules(clusterId, { every: minutesOf(seed.intervalMs) })} className="link">
                  every {durationWords(seed.intervalMs)}
                </Link>
              </>
            )}
            )
          </span>
        </p>
        {rate === null ? (
          <Notice title="The write rate is not known">
            It is measured in the transaction logs, which no member’s directory gives to this host. An AdminServer alone
            tells no rate.
          </Notice>
        ) : (
          <>
            <RateFacts rate={rate} advisor={advisor} />
            {losses.length === 0 ? (
              <Notice title="Too little was written to tell a rate">
                The logs hold {plural(rate.txns, 'transaction')} of one moment.
              </Notice>
            ) : (
              <section aria-label="Worst loss" className="flex min-w-0 flex-col gap-2">
                <h3 className="font-medium text-sm">What a backup every {interval} loses at worst</h3>
                <LossTable losses={losses} />
                <LossNotes losses={losses} advisor={advisor} />
              </section>
            )}
          </>
        )}
      </div>
    </Card>
  )
}

function RateFacts({ rate, advisor }: { rate: RateView; advisor: AdvisorView }) {
  const { seed, trigger } = advisor
  const { mean, busiestMinute } = rate
  return (
    <>
      <Facts
        items={[
          [
            `Measured write rate, ${rate.member}`,
            mean === null
              ? 'not known'
              : `${rateCount(mean.txnsPerMs)} transactions, ${formatBytes(perMinute(mean.bytesPerMs))} a minute`,
          ],
          [
            `Busiest minute, ${formatUtc(Date.parse(busiestMinute.at))}`,
            `${plural(busiestMinute.txns, 'transaction')}, ${formatBytes(busiestMinute.bytes)}`,
          ],
          [
            'Measured from',
            <span key="from">
              {plural(rate.logs, 'log')}, {formatUtc(Date.parse(rate.firstAt))} to {formatUtc(Date.parse(rate.lastAt))}
              {rate.isPartial && ', not all of them'}: {formatCount(rate.txns)} transactions,{' '}
              {formatCount(rate.changes)} of them changes of znodes
            </span>,
          ],
          [
            'Rule of thumb: log size ÷ write rate × ¼',
            seed === null ? (
              'needs a rate'
            ) : (
              <span key="seed">
                {formatBytes(seed.logBytes)} ÷ rate × ¼: a backup every{' '}
                <strong>{durationWords(seed.intervalMs)}</strong>
              </span>
            ),
          ],
          [
            'Next snapshot of this server, at this rate',
            trigger?.nextMs ? `in ${spreadWords(trigger.nextMs, durationWords)}` : 'never while nothing is written',
          ],
          [
            'From one snapshot to the next',
            trigger?.betweenMs ? spreadWords(trigger.betweenMs, durationWords) : 'not known',
          ],
        ]}
      />
      {seed && (
        <PlainFact>
          The rule of thumb assumes that a log is as long as{' '}
          {seed.basis === 'logs' ? 'the complete ones here are' : 'the settings let expect (none is complete yet)'}, and
          that writing goes on at the mean rate. It knows nothing of what you can afford to lose; the table below does.
        </PlainFact>
      )}
      <PlainFact>
        There is no hourly snapshot, nor one by any clock. A server writes one after a drawn number of transactions (
        <code>snapCount</code>) or of logged bytes (<code>snapSizeLimitInKb</code>), when it starts, and when a leader
        takes office. Each server draws anew each time, so that they do not do it together. A quiet server may go months
        without one.
      </PlainFact>
    </>
  )
}

function LossTable({ losses }: { losses: readonly LossView[] }) {
  return (
    <Table
      label="Worst loss by kind of backup"
      head={['Backups', 'All servers lost', 'at the mean rate', 'at the busiest', 'A mistake, disks whole']}
    >
      {losses.map(({ kind, mean, busiest }) => (
        <Row key={kind}>
          <Cell>
            <p>{kindWords(kind).name}</p>
            <p className="text-muted text-xs">{kindWords(kind).holds}</p>
          </Cell>
          <Cell className="whitespace-nowrap tabular-nums">{durationWords(mean.whenAllIsLost.timeMs)}</Cell>
          <Cell className="tabular-nums">
            {plural(mean.whenAllIsLost.txns, 'transaction')}, {formatBytes(mean.whenAllIsLost.bytes)}
          </Cell>
          <Cell className="tabular-nums">
            {plural(busiest.whenAllIsLost.txns, 'transaction')}, {formatBytes(busiest.whenAllIsLost.bytes)}
          </Cell>
          <Cell className="tabular-nums">
            {kind === 'files'
              ? 'nothing: the logs reach up to the mistake'
              : `${durationWords(mean.whenDisksRemain.timeMs)}, and what came and went between two backups`}
          </Cell>
        </Row>
      ))}
    </Table>
  )
}

function LossNotes({ losses, advisor }: { losses: readonly LossView[]; advisor: AdvisorView }) {
  const { gapless, everyMinutes } = advisor
  const timed = losses.filter(({ backupMs }) => backupMs !== null)
  return (
    <>
      <p className="text-muted text-xs">
        The interval and the duration of a backup:{' '}
        {timed.length === 0
          ? 'none was taken yet, so that its duration counts as nothing.'
          : `${timed.map(({ kind, backupMs }) => `${kindWords(kind).name.toLowerCase()} last took ${durationWords(backupMs ?? 0)}`).join('; ')}.`}{' '}
        At the busiest means that the whole time is like the busiest minute.
      </p>
      {gapless && everyMinutes * 60_000 > gapless.intervalMs && (
        <Notice tone="warn" title="Copies of the files might not overlap">
          Autopurge keeps {gapless.retainCount} snapshots. At this rate logs may be deleted{' '}
          {durationWords(gapless.intervalMs)} after they were written: copies of the files further apart can miss
          transactions in between. Each copy is complete by itself.
        </Notice>
      )}
    </>
  )
}
