import type { Metadata } from 'next'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { SETTINGS_GROUPS, type SettingsSection } from '@/app/_nav/cluster-pages.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import type { ActionResult } from '@/lib/services/error-view.ts'
import { AlertRules } from '../../../notifications/_components/alert-rules.tsx'
import { AdminServersForm } from '../../_components/admin-servers-form.tsx'
import { ApprovalPanel } from '../../_components/approval-panel.tsx'
import { ArmPanel } from '../../_components/arm-panel.tsx'
import { ClusterForm } from '../../_components/cluster-form.tsx'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { DriftPanel } from '../../_components/drift-panel.tsx'
import { DrillSchedulePanel } from '../../_components/drill-schedule-panel.tsx'
import { EncryptionPanel } from '../../_components/encryption-panel.tsx'
import { FollowPanel } from '../../_components/follow-panel.tsx'
import { IgnoreRulesPanel } from '../../_components/ignore-rules-panel.tsx'
import { LogKeepingPanel } from '../../_components/log-keeping-panel.tsx'
import { RemovePanel } from '../../_components/remove-panel.tsx'
import { SettingsList } from '../../_components/settings-list.tsx'
import { StoresPanel } from '../../_components/stores-panel.tsx'
import {
  loadAdminServers,
  loadCluster,
  loadClusterAlerts,
  loadDrillSchedule,
  loadEncryption,
  loadFollow,
  loadIgnoreRules,
  loadLogKeeping,
  loadStores,
} from '../../loaders.ts'

export const metadata: Metadata = { title: 'Settings' }

/** TLS is a part of the form of the connection. */
type CardOfSettings = Exclude<SettingsSection, 'tls'>
const FLUSH: readonly SettingsSection[] = ['alerts', 'ignored']

export default async function ClusterSettingsPage({ params }: { params: Promise<{ clusterId: string }> }) {
  const { clusterId } = await params
  const [loaded, adminServers, logs, drills, alerts, encryption, follow] = await Promise.all([
    loadCluster(clusterId),
    loadAdminServers(clusterId),
    loadLogKeeping(clusterId),
    loadDrillSchedule(clusterId),
    loadClusterAlerts(clusterId),
    loadEncryption(clusterId),
    loadFollow(clusterId),
  ])
  if (!loaded.ok) return <ErrorNotice error={loaded.error} />
  const cluster = loaded.value
  const { id } = cluster
  const [rules, stores] = await Promise.all([loadIgnoreRules(id), loadStores(id)])
  const cards: Readonly<Record<CardOfSettings, ReactNode>> = {
    writing: <ArmPanel cluster={cluster} />,
    'second-person': <ApprovalPanel cluster={cluster} />,
    connection: <ClusterForm cluster={cluster} nowMs={Date.now()} />,
    'admin-servers': shown(adminServers, (stored) => <AdminServersForm clusterId={id} stored={stored} />),
    stores: shown(stores, (each) => <StoresPanel clusterId={id} {...each} />),
    encryption: shown(encryption, (each) => <EncryptionPanel clusterId={id} encryption={each} />),
    drills: shown(drills, (schedule) => <DrillSchedulePanel clusterId={id} schedule={schedule} />),
    log: shown(logs, (keeping) => <LogKeepingPanel clusterId={id} keeping={keeping} />),
    follow: shown(follow, (each) => <FollowPanel clusterId={id} follow={each} />),
    drift: shown(alerts, ({ drift, backups }) => <DriftPanel clusterId={id} watch={drift} backups={backups} />),
    alerts: shown(alerts, (each) => <AlertRules clusterId={id} rules={each.rules} />),
    ignored: shown(rules, (each) => <IgnoreRulesPanel cluster={cluster} rules={each} />),
    remove: <RemovePanel cluster={cluster} />,
  }
  return (
    <ClusterFrame cluster={cluster} section="settings">
      <div className="grid items-start gap-4 lg:grid-cols-[11rem_minmax(0,60rem)] lg:gap-6">
        <SettingsList>
          <div className="shrink-0 lg:border-t lg:pt-2">
            <p aria-hidden className="hidden px-2 pb-0.5 font-medium text-muted text-xs lg:block">
              On pages of their own
            </p>
            <ul aria-label="On pages of their own" className="flex gap-1 lg:flex-col lg:gap-px">
              <ElsewhereLink href={paths.clusterSchedules(id)}>Schedules</ElsewhereLink>
              <ElsewhereLink href={paths.clusterKeepRules(id)}>Keep rules</ElsewhereLink>
            </ul>
          </div>
        </SettingsList>
        <div className="flex min-w-0 flex-col gap-4">
          {SETTINGS_GROUPS.flatMap(({ sections }) =>
            sections.map(
              ([section, title]) =>
                section !== 'tls' && (
                  <Card key={section} id={section} title={title} flush={FLUSH.includes(section)}>
                    {cards[section]}
                  </Card>
                ),
            ),
          )}
        </div>
      </div>
    </ClusterFrame>
  )
}

function shown<T>(loaded: ActionResult<T>, show: (value: T) => ReactNode): ReactNode {
  return loaded.ok ? show(loaded.value) : <ErrorNotice error={loaded.error} />
}

function ElsewhereLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <li>
      <Link
        href={href}
        className="block whitespace-nowrap rounded-md px-2 py-1 text-sm -outline-offset-2 hover:bg-hover"
      >
        {children} →
      </Link>
    </li>
  )
}
