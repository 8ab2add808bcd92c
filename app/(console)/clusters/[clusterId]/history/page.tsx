import { History } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { MomentView, TimeLineView } from '@/lib/services/moments/views.ts'
import { treeAddressOf } from '@/lib/services/tree/tree-ref.ts'
import { MomentActions } from '../../../moments/_components/moment-actions.tsx'
import { ProofBadge, ProofNotes } from '../../../moments/_components/moment-proof.tsx'
import { PrepareMoment } from '../../../moments/_components/prepare-moment.tsx'
import { TimePicker } from '../../../moments/_components/time-picker.tsx'
import { TimeRanges } from '../../../moments/_components/time-ranges.tsx'
import { loadTimeTravel } from '../../../moments/loaders.ts'
import { TreeBrowser } from '../../../tree/_components/tree-browser.tsx'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { FollowGaps } from '../../_components/follow-gaps.tsx'
import { loadCluster } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Time travel' }

export default async function ClusterHistoryPage({
  params,
  searchParams,
}: {
  params: Promise<{ clusterId: string }>
  searchParams: Promise<SearchParams>
}) {
  const { clusterId } = await params
  const search = await searchParams
  const pick = { at: readText(search, 'at'), zxid: readText(search, 'zxid') }
  const [cluster, travel] = await Promise.all([loadCluster(clusterId), loadTimeTravel(clusterId, pick)])
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  if (!travel.ok) {
    return (
      <ClusterFrame cluster={cluster.value} section="history">
        <ErrorNotice error={travel.error} />
      </ClusterFrame>
    )
  }
  const { line, missed, moment, pickError, rate } = travel.value
  return (
    <ClusterFrame cluster={cluster.value} section="history">
      <div className="flex min-w-0 flex-col gap-4">
        {line.ranges.length === 0 ? (
          <NothingKept line={line} />
        ) : (
          <>
            <Card title="Pick a moment">
              <div className="flex min-w-0 flex-col gap-3">
                {pickError && <ErrorNotice error={pickError} />}
                <TimePicker line={line} rate={rate} picked={moment?.moment ?? null} fields={pickError?.fields ?? {}} />
                <NotKept line={line} />
              </div>
            </Card>
            {moment ? (
              <Moment line={line} moment={moment} />
            ) : (
              <p className="text-muted text-sm">
                Pick a moment, and the tree as of then is shown here. Nothing is written to the cluster by looking.
              </p>
            )}
            <Card title="What can be reached" flush>
              <TimeRanges ranges={line.ranges} />
              {line.removed !== null && (
                <p className="px-4 py-2 text-muted text-sm">
                  Before that, transactions up to <Zxid value={line.removed.through} /> were removed by the keep rule
                  {line.removed.at !== null && (
                    <>
                      {' '}
                      <RelativeTime at={line.removed.at} />
                    </>
                  )}
                  .
                </p>
              )}
            </Card>
            {missed.length > 0 && (
              <Card title="What the stream has missed" flush>
                <FollowGaps gaps={missed} />
              </Card>
            )}
          </>
        )}
        <Faults line={line} />
      </div>
    </ClusterFrame>
  )
}

function Moment({ line, moment: view }: { line: TimeLineView; moment: MomentView }) {
  const { clusterId, clusterName } = line
  const { zxid, at } = view.moment
  const when = at === null ? zxid : formatUtc(Date.parse(at))
  const address = treeAddressOf({ kind: 'moment', clusterId, zxid })
  return (
    <section aria-label="The tree as of then" className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="min-w-0 break-words font-semibold text-lg">
          {clusterName} as of {when}
        </h2>
        {view.kind === 'ready' && <ProofBadge proof={view.proof} />}
        <span className="text-muted text-sm">
          after <Zxid value={zxid} />
        </span>
      </div>
      {view.kind === 'failed' && <ErrorNotice error={view.error} />}
      {view.kind === 'large' && <PrepareMoment clusterId={clusterId} zxid={zxid} bytes={view.bytes} />}
      {view.kind === 'ready' && (
        <>
          <ProofNotes proof={view.proof} />
          <MomentActions clusterId={clusterId} zxid={zxid} />
          <TreeBrowser
            key={address.id}
            tree={address}
            label={`${clusterName} as of ${when}`}
            writing={{ kind: 'moment', clusterId, zxid }}
          />
        </>
      )}
    </section>
  )
}

function NotKept({ line }: { line: TimeLineView }) {
  if (line.isKept) return null
  return (
    <Notice
      tone="warn"
      title="The transaction log is not kept"
      action={
        <LinkButton size="small" href={paths.clusterSettings(line.clusterId, 'log')}>
          Keep it
        </LinkButton>
      }
    >
      What is shown here is what the servers still hold; they purge it in their own time.
    </Notice>
  )
}

function NothingKept({ line }: { line: TimeLineView }) {
  const isUnnamed = line.members.length === 0
  return (
    <Card>
      <EmptyState
        icon={<History aria-hidden />}
        title="Nothing of the past is kept yet"
        action={
          <LinkButton href={paths.clusterSettings(line.clusterId, 'log')} tone="primary">
            {isUnnamed ? 'Open the settings' : 'Keep the transaction log'}
          </LinkButton>
        }
      >
        <p>
          Here would be the tree at any transaction or time: to look at, to compare with what is there now, and to
          restore from.
        </p>
        <p className="mt-2">
          {isUnnamed ? (
            <>
              Name the members whose directories this host can read in <code>arkeeper.json</code> on the Arkeeper server
              (README, Members), with cluster <code className="break-all">{line.clusterName}</code>. Then switch the
              keeping on: settings, Transaction log.
            </>
          ) : (
            <>Switch the keeping on: settings, Transaction log. From then on every transaction is archived.</>
          )}
        </p>
      </EmptyState>
    </Card>
  )
}

function Faults({ line }: { line: TimeLineView }) {
  if (line.faults.length === 0) return null
  return (
    <Notice tone="warn" title="Not everything could be looked at">
      <ul className="list-disc pl-4">
        {line.faults.map((fault) => (
          <li key={fault}>{fault}</li>
        ))}
      </ul>
    </Notice>
  )
}
