'use client'

import { useQuery } from '@tanstack/react-query'
import { ArrowLeftRight, CircleCheck, Download, RotateCw } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { CheckboxField } from '@/app/_ui/field.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import type { DiffView, IgnoredView } from '@/lib/services/diffs/views.ts'
import { JobAtWork } from '../../_components/job-at-work.tsx'
import { startDiffAction } from '../actions.ts'
import { DiffSummary } from './diff-summary.tsx'
import { DiffTree } from './diff-tree.tsx'
import { IgnoredBar } from './ignored-bar.tsx'
import { countAll } from './picks.ts'
import { useDiffFilter } from './use-diff-filter.ts'

const POLL_MS = 1000

export function DiffBrowser({ initial, ignored }: { initial: DiffView; ignored: IgnoredView | null }) {
  const router = useRouter()
  const query = useQuery({
    queryKey: ['diff', initial.id],
    queryFn: ({ signal }) => requestJson<DiffView>(paths.api.diff(initial.id), { signal }),
    initialData: initial,
    staleTime: 60_000,
    refetchInterval: ({ state }) =>
      state.data?.state === 'queued' || state.data?.state === 'running' ? POLL_MS : false,
  })
  const diff = query.data
  const again = useAction(startDiffAction, ({ diffId }) => router.push(paths.diff(diffId)))
  const { left, right, path, includeEphemerals } = diff
  const rerun = (change: Partial<{ left: string; right: string; includeEphemerals: boolean }>) =>
    again.run({ left, right, path, includeEphemerals, ...change })
  return (
    <div className="flex flex-col gap-3">
      <PageHeader
        crumbs={[{ href: paths.diffs(), text: 'Diffs' }]}
        title={
          <>
            {diff.leftLabel} <span className="text-muted">→</span> {diff.rightLabel}
          </>
        }
        actions={
          <>
            <Button
              size="small"
              icon={<ArrowLeftRight aria-hidden className="size-3.5" />}
              onClick={() => rerun({ left: right, right: left })}
            >
              Swap sides
            </Button>
            <Button
              size="small"
              pending={again.pending}
              icon={<RotateCw aria-hidden className="size-3.5" />}
              onClick={() => rerun({})}
            >
              Compare again
            </Button>
            {diff.state === 'ready' && (
              <a href={paths.api.diffExport(diff.id)} download className={buttonClass({ size: 'small' })}>
                <Download aria-hidden className="size-3.5" />
                Export JSON Lines
              </a>
            )}
          </>
        }
      >
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <span>
            What changed from the first to the second, at and below <ZnodePath path={diff.path} />.{' '}
            {diff.finishedAt && (
              <>
                Compared <RelativeTime at={diff.finishedAt} />.
              </>
            )}
          </span>
          <CheckboxField
            label="Include ephemeral znodes"
            checked={includeEphemerals}
            disabled={again.pending}
            onChange={(event) => rerun({ includeEphemerals: event.target.checked })}
          />
        </span>
      </PageHeader>
      {again.error && <ErrorNotice error={again.error} />}
      {query.error && <ErrorNotice error={viewOfError(query.error)} />}
      <DiffBody diff={diff} initialIgnored={ignored} onAgain={() => rerun({})} />
    </div>
  )
}

function DiffBody({
  diff,
  initialIgnored,
  onAgain,
}: {
  diff: DiffView
  initialIgnored: IgnoredView | null
  onAgain: () => void
}) {
  if (diff.state === 'queued' || diff.state === 'running')
    return <JobAtWork jobId={diff.jobId} isQueued={diff.state === 'queued'} doing="Comparing" what="comparison" />
  if (diff.state === 'failed' || !diff.summary) {
    return (
      <ErrorNotice
        error={diff.error ?? { code: 'DIFF_FAILED', message: 'The comparison failed', remedy: 'compare again' }}
        action={
          <Button size="small" onClick={onAgain}>
            Compare again
          </Button>
        }
      />
    )
  }
  return <DiffResult diff={diff} summary={diff.summary} initialIgnored={initialIgnored} />
}

function DiffResult({
  diff,
  summary,
  initialIgnored,
}: {
  diff: DiffView
  summary: NonNullable<DiffView['summary']>
  initialIgnored: IgnoredView | null
}) {
  const { ignored, setIgnored } = useDiffFilter(diff.id)
  const query = useQuery({
    queryKey: ['ignored', diff.id],
    queryFn: ({ signal }) => requestJson<IgnoredView>(paths.api.diffIgnored(diff.id), { signal }),
    initialData: initialIgnored ?? undefined,
  })
  const report = query.data
  if (!report) {
    // Without it, numbers would stand there that the next moment takes back.
    return query.error ? <ErrorNotice error={viewOfError(query.error)} /> : <Skeleton className="h-40" />
  }
  const shown = ignored === 'hide' && report.visible ? { ...summary, ...report.visible } : summary
  return (
    <>
      {summary.unreadable.length > 0 && (
        <Notice tone="warn" title={`${plural(summary.unreadable.length, 'place')} could not be read on one side`}>
          Nothing below them was compared: {summary.unreadable.slice(0, 5).join(', ')}
          {summary.unreadable.length > 5 && ` and ${formatCount(summary.unreadable.length - 5)} more`}.
        </Notice>
      )}
      <IgnoredBar diff={diff} report={report} ignored={ignored} onIgnored={setIgnored} />
      {countAll(shown) === 0 ? (
        <NothingDiffers diff={diff} summary={summary} hidden={report.hidden} />
      ) : (
        <>
          <DiffSummary diff={diff} summary={shown} />
          <DiffTree diff={diff} counts={shown} report={report} />
        </>
      )}
    </>
  )
}

function NothingDiffers({
  diff,
  summary,
  hidden,
}: {
  diff: DiffView
  summary: NonNullable<DiffView['summary']>
  hidden: number
}) {
  return (
    <div className="rounded-lg border bg-surface">
      <EmptyState
        icon={<CircleCheck aria-hidden className="text-added" />}
        title={hidden > 0 ? 'Nothing differs but what is ignored' : 'Nothing differs'}
        action={
          diff.clusterId !== null && <LinkButton href={paths.cluster(diff.clusterId)}>Go to the live tree</LinkButton>
        }
      >
        {plural(summary.compared, 'znode')} compared in {formatDuration(summary.durationMs)}
        {hidden > 0
          ? `: ${plural(hidden, 'change')} hidden by ignore rules.`
          : ': values, ACLs and kinds are the same on both sides.'}
        {summary.ephemeralSkipped > 0 &&
          ` ${plural(summary.ephemeralSkipped, 'ephemeral difference')} left out; include ephemeral znodes to see them.`}
      </EmptyState>
    </div>
  )
}
