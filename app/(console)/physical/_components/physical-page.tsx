'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { EnvironmentBadge } from '@/app/_components/environment-badge.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { JobProgress } from '@/app/_components/job-progress.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { PhysicalPlan, PhysicalState, PhysicalView } from '@/lib/services/physical/views.ts'
import { ApprovalCard } from '../../_components/approval-card.tsx'
import { ConfirmPhysical } from './confirm-physical.tsx'
import { FindingList } from './finding-list.tsx'
import { PhysicalButtons } from './physical-buttons.tsx'
import { PhysicalReport } from './physical-report.tsx'
import { PhysicalStateBadge, STAND_WORDS, WAY_WORDS } from './physical-words.tsx'
import { Runbook } from './runbook.tsx'

const BUSY: readonly PhysicalState[] = ['checking', 'queued', 'running', 'undoing']
const BUSY_MS = 800
const QUIET_MS = 6000
const BUSY_WORDS: Partial<Record<PhysicalState, string>> = {
  checking: 'Checking: the backup is read to its end and the servers are looked at. Nothing is changed.',
  queued: 'Waiting for a worker. Nothing was stopped yet.',
  running: 'Running. You can leave this page: it goes on, and a crash resumes where it was.',
  undoing: 'The old files are put back. You can leave this page.',
}

/** One restore of files from its check to its undo. All of it is in the database: the page can be left and opened again at any step. */
export function PhysicalPage({ initial }: { initial: PhysicalView }) {
  const query = useQuery({
    queryKey: ['physical', initial.id],
    queryFn: ({ signal }) => requestJson<PhysicalView>(paths.api.physical(initial.id), { signal }),
    initialData: initial,
    refetchInterval: ({ state }) => (state.data && BUSY.includes(state.data.state) ? BUSY_MS : QUIET_MS),
  })
  const view = query.data
  const { plan } = view
  const refresh = () => query.refetch()
  return (
    <div className="flex max-w-6xl flex-col gap-4">
      <PageHeader
        crumbs={[
          { href: paths.cluster(view.clusterId), text: view.clusterName },
          { href: paths.cluster(view.clusterId, 'restores'), text: 'Restores' },
        ]}
        title={`Files of ${view.clusterName}`}
        badges={
          <>
            <EnvironmentBadge environment={view.clusterEnvironment} />
            <PhysicalStateBadge state={view.state} />
          </>
        }
        actions={<PhysicalButtons view={view} onDone={refresh} />}
      >
        From{' '}
        <Link href={paths.backup(view.backupId)} className="link">
          {view.sourceLabel}
        </Link>
        , {WAY_WORDS[view.way]}. Made <RelativeTime at={view.createdAt} /> by {view.createdByName}.
      </PageHeader>
      {query.error && <ErrorNotice error={viewOfError(query.error)} />}
      {view.error && <ErrorNotice error={view.error} />}
      {BUSY.includes(view.state) && (
        <section
          aria-label="Progress"
          className="flex flex-col gap-3 rounded-lg border border-accent/40 bg-surface p-4"
        >
          <p role="status" className="font-medium text-sm">
            {BUSY_WORDS[view.state]}
          </p>
          <JobProgress progress={view.progress} label="Progress" />
        </section>
      )}
      {view.report && <PhysicalReport view={view} report={view.report} />}
      {plan && <Servers view={view} plan={plan} />}
      {plan && <FindingList findings={plan.findings} />}
      {plan && <PlannedFile plan={plan} />}
      {plan && view.approval && (view.approval.latest !== null || view.approval.canRequest.ok) && (
        <ApprovalCard
          subject={{
            kind: 'physical',
            id: view.id,
            planHash: view.planHash ?? '',
            clusterName: view.clusterName,
            what: `replace the files of ${view.clusterName} on ${plural(plan.servers.length, 'server')}`,
            purposes:
              view.state === 'checked'
                ? ['run']
                : ['failed', 'cancelled'].includes(view.state)
                  ? ['run', 'undo']
                  : ['undo'],
          }}
          approval={view.approval}
          onDone={refresh}
        />
      )}
      {plan && view.state === 'checked' && view.way !== 'runbook' && (
        <ConfirmPhysical view={view} plan={plan} onDone={refresh} />
      )}
      {view.runbook.length > 0 && <Runbook view={view} onDone={refresh} />}
    </div>
  )
}

function PlannedFile({ plan }: { plan: PhysicalPlan }) {
  return (
    <Card title="What is placed">
      <Facts
        items={[
          ['File', <code key="file">{plan.fileName}</code>],
          ['Size, unpacked', formatBytes(plan.bytes)],
          ['Znodes', formatCount(plan.znodes)],
          ['zxid of the backup', <Zxid key="own" value={plan.archiveZxid} />],
          ['Highest zxid seen', plan.lastSeenZxid ? <Zxid key="seen" value={plan.lastSeenZxid} /> : 'no server told'],
          ['zxid in the name', <Zxid key="name" value={plan.fileZxid} />],
          [
            'SHA-256',
            <span key="sum" className="inline-flex items-center gap-0.5">
              <code title={plan.sha256}>{plan.sha256.slice(0, 16)}…</code>
              <CopyButton text={plan.sha256} what="SHA-256" />
            </span>,
          ],
          [
            'Old files go to',
            <code key="aside" className="break-all">
              {plan.asideFolder}
            </code>,
          ],
        ]}
      />
    </Card>
  )
}

function Servers({ view, plan }: { view: PhysicalView; plan: PhysicalPlan }) {
  const stands = new Map(view.members.map((member) => [member.name, member]))
  return (
    <Card title={plan.kind === 'ensemble' ? plural(plan.servers.length, 'server') : 'The server'} flush>
      <Table label="Servers" head={['Name', 'Client port', 'Folders', 'ZooKeeper', 'Where its files stand']}>
        {plan.servers.map((server) => {
          const stand = stands.get(server.name)
          return (
            <Row key={server.name}>
              <Cell className="font-medium">{server.name}</Cell>
              <Cell className="font-mono text-xs">{server.client ?? 'not told'}</Cell>
              <Cell className="font-mono text-xs">
                {server.dataDir}
                {server.dataLogDir !== server.dataDir && (
                  <>
                    <br />
                    {server.dataLogDir}
                  </>
                )}
              </Cell>
              <Cell>{[server.version, server.mode].filter(Boolean).join(', ') || 'no answer'}</Cell>
              <Cell>
                {stand ? STAND_WORDS[stand.stand] : view.way === 'admin' ? 'stay' : 'as the list below is ticked off'}
                {stand?.isServing === true && ', serving'}
                {stand?.isServing === false && ', not serving by the last look'}
              </Cell>
            </Row>
          )
        })}
      </Table>
    </Card>
  )
}
