import { alertPlace } from '@/app/_components/alert-place.ts'
import { paths } from '@/app/_nav/paths.ts'
import type { AlertView } from '@/lib/services/alerts/views.ts'
import type { WaitingApprovalView } from '@/lib/services/approvals/views.ts'
import type { ClusterAlarmView, ClusterView } from '@/lib/services/clusters/views.ts'
import type { JobView } from '@/lib/services/jobs/views.ts'
import type { RestoreView } from '@/lib/services/restores/views.ts'
import { parseTreeRef, treeAddressOf } from '@/lib/services/tree/tree-ref.ts'

export interface AttentionItem {
  readonly key: string
  readonly urgent: boolean
  readonly text: string
  readonly action: string
  readonly href: string
}

interface Facts {
  readonly clusters: readonly Pick<ClusterView, 'id' | 'name' | 'lastGoodBackup' | 'failedDrill'>[]
  readonly jobs: readonly Pick<JobView, 'id' | 'kind' | 'title' | 'state' | 'clusterId' | 'subjectId' | 'createdAt'>[]
  readonly restores: readonly Pick<RestoreView, 'id' | 'state' | 'clusterName' | 'scopeLabel' | 'plan'>[]
  readonly approvals?: readonly WaitingApprovalView[]
  readonly down: readonly { readonly cluster: Pick<ClusterView, 'id' | 'name'>; readonly message: string }[]
  readonly alerts?: readonly Pick<AlertView, 'id' | 'rule' | 'severity' | 'text' | 'cluster' | 'about' | 'aboutId'>[]
  readonly alarms: readonly { readonly cluster: Pick<ClusterView, 'id' | 'name'>; readonly alarm: ClusterAlarmView }[]
}

const RESTORE_TEXTS: Partial<Record<RestoreView['state'], { text: string; action: string; urgent: boolean }>> = {
  conflict: { text: 'stopped at a conflict', action: 'Decide', urgent: true },
  incomplete: { text: 'is incomplete: something still differs', action: 'Look', urgent: true },
  failed: { text: 'failed', action: 'Look', urgent: true },
  planned: { text: 'is planned and waits for confirmation', action: 'Read the plan', urgent: false },
}

/** What needs a person, most urgent first: plans that wait for this very person's approval, clusters that are down, alarms, restores that stopped, clusters without a good backup, failed jobs. */
export function findAttention({
  clusters,
  jobs,
  restores,
  approvals = [],
  down,
  alarms,
  alerts = [],
}: Facts): AttentionItem[] {
  const items: AttentionItem[] = []
  for (const { id, subjectKind, subjectId, clusterName, label, requestedByName, isMine } of approvals) {
    const what = `${subjectKind === 'physical' ? 'the restore of files' : 'a restore'} to ${clusterName} (${label})`
    items.push({
      key: `approval-${id}`,
      urgent: isMine,
      text: isMine
        ? `${requestedByName} asks for a second person: ${what}`
        : `${requestedByName} waits for a second person to approve ${what}`,
      action: 'Read the plan',
      href: subjectKind === 'physical' ? paths.physical(subjectId) : paths.restore(subjectId),
    })
  }
  for (const { cluster, message } of down) {
    const href = paths.clusterSettings(cluster.id, 'connection')
    items.push({
      key: `down-${cluster.id}`,
      urgent: true,
      text: `${cluster.name} is down: ${message}`,
      action: 'Test connection',
      href,
    })
  }
  for (const { cluster, kind, text, servers } of groupAlarms(alarms)) {
    items.push({
      key: `alarm-${cluster.id}-${text}`,
      urgent: kind === 'digest',
      text: `${cluster.name}, ${servers.join(' and ')}: ${text}`,
      action: 'Look',
      href: kind === 'certificate' ? paths.clusterSettings(cluster.id, 'tls') : paths.clusterRetention(cluster.id),
    })
  }
  for (const restore of restores) {
    const state = RESTORE_TEXTS[restore.state]
    if (approvals.some(({ subjectId }) => subjectId === restore.id)) continue
    // A plan that writes nothing asks for nothing.
    if (!state || (restore.state === 'planned' && restore.plan?.steps === 0)) continue
    items.push({
      key: `restore-${restore.id}`,
      urgent: state.urgent,
      text: `A restore to ${restore.clusterName} (${restore.scopeLabel}) ${state.text}`,
      action: state.action,
      href: paths.restore(restore.id),
    })
  }
  for (const { id, name, lastGoodBackup, failedDrill } of clusters) {
    if (failedDrill !== null) {
      const text = `A drill of a backup of ${name} failed: a server does not give back what it holds`
      items.push({ key: `drill-${id}`, urgent: true, text, action: 'Look', href: paths.backup(failedDrill.backupId) })
    }
    // The alert says how late it is.
    if (alerts.some(({ rule, cluster }) => rule === 'backup-late' && cluster?.id === id)) continue
    if (lastGoodBackup === null) {
      const href = paths.cluster(id, 'backups')
      items.push({ key: `backup-${id}`, urgent: false, text: `${name} has no good backup`, action: 'Back up', href })
    } else if (lastGoodBackup.verifyOk === false) {
      const text = `The last backup of ${name} did not pass verification`
      items.push({ key: `verify-${id}`, urgent: true, text, action: 'Look', href: paths.backup(lastGoodBackup.id) })
    }
  }
  for (const job of latestOfEachSubject(jobs)) {
    if (job.state !== 'failed' || job.kind === 'plan-restore' || job.kind === 'run-restore') continue
    const href =
      job.clusterId === null
        ? paths.overview()
        : paths.cluster(job.clusterId, job.kind === 'diff' ? 'diffs' : 'backups')
    items.push({
      key: `job-${job.id}`,
      // Servers may be down in the middle of it.
      urgent: job.kind === 'physical-restore',
      text: `${job.title} failed`,
      action: 'Look',
      href: job.kind !== 'backup' && job.subjectId !== null ? subjectHref(job.kind, job.subjectId) : href,
    })
  }
  for (const alert of alerts) {
    if (isSaidAlready(alert, { items, alarms, jobs })) continue
    items.push({
      key: `alert-${alert.id}`,
      urgent: alert.severity === 'critical',
      text: alert.text,
      action: 'Look',
      href: alertPlace(alert),
    })
  }
  return items.sort((a, b) => Number(b.urgent) - Number(a.urgent))
}

/** What is seen at once, or by the same facts, has its line already: an alert of a worker is not a second one. */
function isSaidAlready(
  { rule, cluster }: NonNullable<Facts['alerts']>[number],
  { items, alarms, jobs }: { items: readonly AttentionItem[] } & Pick<Facts, 'alarms' | 'jobs'>,
): boolean {
  const id = cluster?.id ?? ''
  const hasItem = (prefix: string) => items.some(({ key }) => key === `${prefix}-${id}`)
  const hasAlarm = (kind: ClusterAlarmView['kind']) =>
    alarms.some((each) => each.cluster.id === id && each.alarm.kind === kind)
  switch (rule) {
    case 'cluster-down':
      return hasItem('down')
    case 'drill-failed':
      return hasItem('drill')
    case 'certificate-expiring':
      return hasAlarm('certificate')
    case 'digest-mismatch':
      return hasAlarm('digest')
    case 'backup-failed':
      return jobs.some(
        (job) => job.kind === 'backup' && job.clusterId === id && items.some(({ key }) => key === `job-${job.id}`),
      )
    default:
      return false
  }
}

/** The servers of one cluster often have the same fault: one line names them all. */
function groupAlarms(alarms: Facts['alarms']) {
  const groups = new Map<
    string,
    Facts['alarms'][number]['alarm'] & { cluster: { id: string; name: string }; servers: string[] }
  >()
  for (const { cluster, alarm } of alarms) {
    const key = JSON.stringify([cluster.id, alarm.text])
    const known = groups.get(key)
    if (known) known.servers.push(alarm.server)
    else groups.set(key, { ...alarm, cluster, servers: [alarm.server] })
  }
  return groups.values()
}

/** A failure that was followed by another try of the same kind on the same cluster is no news. */
function latestOfEachSubject(jobs: Facts['jobs']): Facts['jobs'] {
  const latest = new Map<string, Facts['jobs'][number]>()
  for (const job of jobs) {
    const key = `${job.kind} ${job.clusterId ?? ''} ${job.kind === 'backup' ? '' : job.subjectId}`
    const known = latest.get(key)
    if (!known || known.createdAt < job.createdAt) latest.set(key, job)
  }
  return [...latest.values()]
}

function subjectHref(kind: JobView['kind'], subjectId: string): string {
  if (kind === 'physical-restore') return paths.physical(subjectId)
  if (kind === 'prepare-moment') {
    const ref = parseTreeRef(subjectId)
    return ref ? paths.tree(treeAddressOf(ref)) : paths.overview()
  }
  return kind === 'diff' ? paths.diff(subjectId) : paths.backup(subjectId)
}
