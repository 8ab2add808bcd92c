import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { plural } from '@/app/_ui/format-number.ts'
import { formatDuration, formatUtc } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { ScheduleRunView } from '@/lib/services/schedules/views.ts'
import { RunState } from './run-state.tsx'
import { KIND_WORDS, SOURCE_NAMES } from './schedule-words.ts'

/** What became of each time: also of those that nobody served. */
export function ScheduleRuns({ runs }: { runs: readonly ScheduleRunView[] }) {
  return (
    <Table label="Runs" head={['Due', 'Schedule', 'Outcome', 'What happened', 'Took', 'Backup']} numeric={[4]}>
      {runs.map((run) => (
        <Row key={run.id}>
          <Cell className="whitespace-nowrap">
            <RelativeTime at={run.dueAt} />
            {KIND_WORDS[run.kind] !== '' && <span className="block text-muted text-xs">{KIND_WORDS[run.kind]}</span>}
          </Cell>
          <Cell>
            <span className="block max-w-40 truncate" title={run.scheduleName}>
              {run.scheduleName}
            </span>
          </Cell>
          <Cell>
            <RunState run={run} />
          </Cell>
          <Cell className="min-w-56">
            <RunWords run={run} />
          </Cell>
          <Cell className="whitespace-nowrap text-right">
            {run.durationMs !== null && formatDuration(run.durationMs)}
          </Cell>
          <Cell className="whitespace-nowrap">
            {run.backupId ? (
              <Link
                href={paths.backup(run.backupId)}
                className="link"
                aria-label={`Look at the backup of the run due ${run.dueAt}`}
              >
                Look
              </Link>
            ) : (
              run.state === 'succeeded' && <span className="text-muted">removed</span>
            )}
          </Cell>
        </Row>
      ))}
    </Table>
  )
}

function RunWords({ run }: { run: ScheduleRunView }) {
  const { missed, reason, error, source, sourceFaults } = run
  return (
    <div className="flex flex-col gap-0.5 text-xs">
      {missed && (
        <p>
          {plural(missed.count, 'time')} {run.state === 'missed' ? 'missed' : 'missed before'}:{' '}
          {formatUtc(Date.parse(missed.from))}
          {missed.to !== missed.from && ` to ${formatUtc(Date.parse(missed.to))}`}
        </p>
      )}
      {reason && <p className="text-muted">{reason}</p>}
      {error && <p className="break-words text-removed">{error.message}</p>}
      {sourceFaults.map((fault) => (
        <p key={fault.source} className="break-words text-changed">
          {SOURCE_NAMES[fault.source]} could not serve: {fault.message}
        </p>
      ))}
      {source && <p className="text-muted">taken from: {SOURCE_NAMES[source] ?? source}</p>}
    </div>
  )
}
