import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { Card } from '@/app/_ui/card.tsx'
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

export default async function ClusterSettingsPage({ params }: { params: Promise<{ clusterId: string }> }) {
  const { clusterId } = await params
  const [cluster, adminServers, logs, drills, alerts, encryption, follow] = await Promise.all([
    loadCluster(clusterId),
    loadAdminServers(clusterId),
    loadLogKeeping(clusterId),
    loadDrillSchedule(clusterId),
    loadClusterAlerts(clusterId),
    loadEncryption(clusterId),
    loadFollow(clusterId),
  ])
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  const [rules, stores] = await Promise.all([loadIgnoreRules(cluster.value.id), loadStores(cluster.value.id)])
  return (
    <ClusterFrame cluster={cluster.value} section="settings">
      <div className="grid max-w-6xl items-start gap-4 xl:grid-cols-[2fr_1fr]">
        <div className="flex min-w-0 flex-col gap-4">
          <Card title="Connection">
            <ClusterForm cluster={cluster.value} nowMs={Date.now()} />
          </Card>
          <Card title="AdminServer">
            {adminServers.ok ? (
              <AdminServersForm clusterId={cluster.value.id} stored={adminServers.value} />
            ) : (
              <ErrorNotice error={adminServers.error} />
            )}
          </Card>
          {rules.ok ? (
            <IgnoreRulesPanel cluster={cluster.value} rules={rules.value} />
          ) : (
            <ErrorNotice error={rules.error} />
          )}
          <Card title="Stores">
            {stores.ok ? (
              <StoresPanel clusterId={cluster.value.id} {...stores.value} />
            ) : (
              <ErrorNotice error={stores.error} />
            )}
          </Card>
          <Card title="Transaction log">
            {logs.ok ? (
              <LogKeepingPanel clusterId={cluster.value.id} keeping={logs.value} />
            ) : (
              <ErrorNotice error={logs.error} />
            )}
          </Card>
          <div id="follow" className="scroll-mt-16">
            <Card title="Live stream">
              {follow.ok ? (
                <FollowPanel clusterId={cluster.value.id} follow={follow.value} />
              ) : (
                <ErrorNotice error={follow.error} />
              )}
            </Card>
          </div>
          <Card title="Encryption">
            {encryption.ok ? (
              <EncryptionPanel clusterId={cluster.value.id} encryption={encryption.value} />
            ) : (
              <ErrorNotice error={encryption.error} />
            )}
          </Card>
          <Card title="Drills">
            {drills.ok ? (
              <DrillSchedulePanel clusterId={cluster.value.id} schedule={drills.value} />
            ) : (
              <ErrorNotice error={drills.error} />
            )}
          </Card>
          {alerts.ok ? (
            <>
              <div id="drift" className="scroll-mt-16">
                <Card title="Drift from a baseline">
                  <DriftPanel clusterId={cluster.value.id} watch={alerts.value.drift} backups={alerts.value.backups} />
                </Card>
              </div>
              <Card title="Alerts" flush>
                <AlertRules clusterId={cluster.value.id} rules={alerts.value.rules} />
              </Card>
            </>
          ) : (
            <ErrorNotice error={alerts.error} />
          )}
        </div>
        <div className="flex flex-col gap-4">
          <ArmPanel cluster={cluster.value} />
          <ApprovalPanel cluster={cluster.value} />
          <RemovePanel cluster={cluster.value} />
        </div>
      </div>
    </ClusterFrame>
  )
}
