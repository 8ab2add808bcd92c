import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Landing } from '@/app/_ui/landing.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { KeepRulesView } from '@/lib/services/keep-rules/views.ts'
import { loadKeepRules } from '../loaders.ts'
import { EditKeepRules } from './edit-keep-rules.tsx'
import { MarkedBackups } from './marked-backups.tsx'
import { StoppedRun } from './stopped-run.tsx'

/** What of a cluster's backups stays: the rules that hold, what they did last, and what waits for its removal. */
export async function KeepRulesSection({ clusterId }: { clusterId: string }) {
  const loaded = await loadKeepRules(clusterId)
  if (!loaded.ok) return <ErrorNotice error={loaded.error} />
  const view = loaded.value
  const { rules, lastReport, lastError, marked, unfinished } = view
  return (
    <Card id="keep-rules" title="Keep rules" actions={<EditKeepRules view={view} />}>
      <Landing at={['keep-rules']} />
      <div className="flex flex-col gap-3 text-sm">
        {lastError && <ErrorNotice error={lastError} />}
        {lastReport?.kind === 'stopped' && (
          <StoppedRun
            clusterId={view.clusterId}
            clusterName={view.clusterName}
            good={lastReport.good}
            going={lastReport.goodGoing}
          />
        )}
        {unfinished.length > 0 && (
          <Notice tone="bad" title={`${plural(unfinished.length, 'removal')} unfinished: files are left in a store`}>
            {unfinished[0]?.error ?? 'The worker has not come to it yet.'} It is tried again every hour.
          </Notice>
        )}
        <Facts
          items={[
            ['What stays', view.enabled ? view.words : 'everything: no rules remove any backup here'],
            ['Whose rules', WHOSE[view.of]],
            ...(view.enabled
              ? ([
                  ['Always', `the newest ${plural(rules.atLeast, 'good backup')} of each scope, pinned and held ones`],
                  [
                    'Days and weeks of',
                    `${rules.timeZone}, looked at ${rules.when === 'daily' ? `daily at ${rules.hour}:00` : 'after each backup and daily'}`,
                  ],
                  ['Grace', `${plural(rules.graceDays, 'day')} from the mark to the removal`],
                  [
                    'Archived transaction logs',
                    rules.logDays === null ? 'all stay' : `what is needed, and ${plural(rules.logDays, 'day')}`,
                  ],
                ] as const)
              : []),
            ['Last looked at', view.lastRunAt ? <RelativeTime key="last" at={view.lastRunAt} /> : 'not yet'],
            ['What came of it', describeReport(lastReport)],
            ['Next', view.nextRunAt ? formatUtc(Date.parse(view.nextRunAt)) : 'when a worker runs'],
          ]}
        />
        <MarkedBackups marked={marked} />
      </div>
    </Card>
  )
}

const WHOSE = {
  cluster: 'of this cluster',
  default: 'of all clusters that have none of their own',
  none: 'none are set',
} as const satisfies Record<KeepRulesView['of'], string>

function describeReport(report: KeepRulesView['lastReport']): string {
  switch (report?.kind) {
    case undefined:
      return 'nothing yet'
    case 'no-rules':
      return 'everything stays'
    case 'stopped':
      return 'it stopped: too many would have gone at once'
    case 'done':
      return `${report.stays} stay, ${report.waiting} wait for their removal (${report.marked} marked anew)`
  }
}
