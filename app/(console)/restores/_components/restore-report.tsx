'use client'

import { Download } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import type { ReactNode } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import type { RestoreReportView, RestoreView } from '@/lib/services/restores/views.ts'
import { planAnewAction } from '../actions.ts'
import { CONFLICT_REASONS, DIFFERENCE_REASONS } from './report-words.ts'

/** What was done, what was not, and whether the cluster now is what the plan wanted. */
export function RestoreReport({ restore, report }: { restore: RestoreView; report: RestoreReportView }) {
  return (
    <Card
      title="Result"
      actions={
        <a href={paths.api.restoreReport(restore.id)} download className={buttonClass({ size: 'small' })}>
          <Download aria-hidden className="size-3.5" />
          Download report
        </a>
      }
    >
      <div className="flex flex-col gap-4">
        <Verdict restore={restore} report={report} />
        <Facts
          className="grid-cols-2 sm:grid-cols-5"
          items={[
            ['Applied', formatCount(report.applied)],
            ['Already as wanted', formatCount(report.alreadyDone)],
            ['Skipped', formatCount(report.skipped)],
            ['Conflicts', formatCount(report.conflicts.length)],
            ['Took', formatDuration(report.durationMs)],
          ]}
        />
        {report.conflicts.length > 0 && (
          <Listing
            title={`${plural(report.conflicts.length, 'conflict')}: changed by somebody else since the plan, not overwritten`}
          >
            {report.conflicts.map((conflict) => (
              <li key={conflict.path} className="py-1">
                <Link href={paths.clusterTree(restore.clusterId, { path: conflict.path })} className="link">
                  <ZnodePath path={conflict.path} />
                </Link>{' '}
                <span className="text-muted">{CONFLICT_REASONS[conflict.reason] ?? conflict.reason}</span>
              </li>
            ))}
          </Listing>
        )}
        {report.differences.length > 0 && (
          <Listing
            title={`${plural(report.differences.length, 'znode')} still ${report.differences.length === 1 ? 'differs' : 'differ'}`}
          >
            {report.differences.map((difference) => (
              <li key={difference.path} className="py-1">
                <Link href={paths.clusterTree(restore.clusterId, { path: difference.path })} className="link">
                  <ZnodePath path={difference.path} />
                </Link>{' '}
                <span className="text-muted">{DIFFERENCE_REASONS[difference.change] ?? difference.change}</span>
              </li>
            ))}
          </Listing>
        )}
      </div>
    </Card>
  )
}

function Verdict({ restore, report }: { restore: RestoreView; report: RestoreReportView }) {
  if (restore.state === 'conflict') {
    return <ConflictNotice restore={restore} />
  }
  if (report.verified === true) {
    return <Notice tone="good" title="Verified: nothing that was to be written differs" />
  }
  if (report.verified === false) {
    return (
      <Notice tone="bad" title="Verification found differences">
        The cluster is not what the plan wanted; what differs is listed below.
      </Notice>
    )
  }
  if (restore.state === 'paused') return <Notice title="Not verified yet: it is when the last step is written" />
  return <Notice title="Not verified yet" />
}

function ConflictNotice({ restore }: { restore: RestoreView }) {
  const router = useRouter()
  const anew = useAction(planAnewAction, ({ restoreId }) => router.push(paths.restore(restoreId)))
  const { canPlanAnew } = restore
  return (
    <>
      {anew.error && <ErrorNotice error={anew.error} />}
      <Notice
        tone="bad"
        title="Stopped at a conflict"
        action={
          <GuardedButton
            action="restore.plan"
            size="small"
            pending={anew.pending}
            disabledReason={!canPlanAnew.ok && (canPlanAnew.reason ?? 'It cannot be planned anew')}
            onClick={() => anew.run({ restoreId: restore.id })}
          >
            Make a new plan
          </GuardedButton>
        }
      >
        Somebody changed a znode after the plan was made. It was not overwritten. Look at the conflict below, then make
        a new plan of the same selection against the cluster as it is now, resume when the znode is as the plan expects,
        or undo what was done.
      </Notice>
    </>
  )
}

function Listing({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h3 className="mb-1 font-medium text-sm">{title}</h3>
      <ScrollBox label={title} className="max-h-56 rounded-md border bg-sunken px-3">
        <ul className="divide-y text-sm">{children}</ul>
      </ScrollBox>
    </div>
  )
}
