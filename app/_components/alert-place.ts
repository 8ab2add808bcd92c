import { paths } from '@/app/_nav/paths.ts'
import type { AlertView } from '@/lib/services/alerts/views.ts'

/** Where an alert is settled. */
export function alertPlace({
  rule,
  about,
  aboutId,
  cluster,
}: Pick<AlertView, 'rule' | 'about' | 'aboutId' | 'cluster'>): string {
  if (about === 'backup' && aboutId !== null) return paths.backup(aboutId)
  if (about === 'audit') return paths.audit()
  if (about === 'account') return paths.account()
  if (about === 'channels') return paths.notifications()
  if (cluster === null) return paths.overview()
  if (about === 'backups' || about === 'backup') return paths.clusterBackups(cluster.id)
  if (about === 'cluster-settings') return paths.clusterSettings(cluster.id, rule.startsWith('logs-') ? 'log' : 'tls')
  if (about === 'live') return paths.cluster(cluster.id, 'live')
  if (about === 'cluster-follow') return paths.clusterFollow(cluster.id)
  if (about === 'drift') return paths.clusterSettings(cluster.id, 'drift')
  return paths.cluster(cluster.id)
}
