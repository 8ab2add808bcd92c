import { formatUtc } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { type CronTimes, describeCron, nextTimes, readCron } from '@/lib/domain/retention/cron.ts'
import { distanceWords, formatInZone } from './schedule-words.ts'

const RUNS = 5

/** What a cron means: in words, and as its next times by the zone's clock and by UTC. Drawn in the browser while one types. */
export function CronPreview({
  cron,
  timeZone,
  jitterMinutes,
  backupMs,
}: {
  cron: string
  timeZone: string
  jitterMinutes: number
  backupMs: number | null
}) {
  const reading = readCron(cron, timeZone)
  return (
    <section aria-label="Next runs" aria-live="polite" className="min-w-0 rounded-md border bg-sunken p-3 text-sm">
      {reading.ok ? (
        <NextRuns times={reading.times} jitterMinutes={jitterMinutes} backupMs={backupMs} />
      ) : (
        <p className="text-muted">{reading.message}.</p>
      )}
    </section>
  )
}

function NextRuns({
  times,
  jitterMinutes,
  backupMs,
}: {
  times: CronTimes
  jitterMinutes: number
  backupMs: number | null
}) {
  const next = nextTimes(times, Date.now(), RUNS)
  const apart = next.slice(1).map((at, index) => at - (next[index] ?? at))
  const shortest = apart.length > 0 ? Math.min(...apart) : null
  return (
    <>
      <p className="font-medium">
        {describeCron(times.text)}, {times.timeZone}
      </p>
      <ol className="mt-2 flex flex-col gap-1">
        {next.map((at) => (
          <li key={at} className="tabular-nums">
            {formatInZone(at, times.timeZone)} <span className="text-muted text-xs">{formatUtc(at)}</span>
          </li>
        ))}
      </ol>
      {jitterMinutes > 0 && <p className="mt-2 text-muted text-xs">each up to {jitterMinutes} min later</p>}
      {backupMs !== null && shortest !== null && backupMs > shortest && (
        <div className="mt-2">
          <Notice tone="warn" title="Faster than the backups">
            A backup took {distanceWords(backupMs)}, the next run comes after {distanceWords(shortest)}.
          </Notice>
        </div>
      )}
    </>
  )
}
