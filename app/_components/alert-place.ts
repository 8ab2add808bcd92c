import { paths } from '@/app/_nav/paths.ts'
import type { AlertView } from '@/lib/services/alerts/views.ts'

/** Where an alert is settled. */
export function alertPlace({ about, aboutId, cluster }: Pick<AlertView, 'about' | 'aboutId' | 'cluster'>): string {
  if (about === 'backup' && aboutId !== null) return paths.backup(aboutId)
  if (about === 'audit') return paths.audit()
  if (about === 'account') return paths.account()
  if (about === 'channels') return paths.notifications()
  if (cluster === null) return paths.overview()
  if (about === 'backups' || about === 'backup') return paths.clusterBackups(cluster.id)
  if (about === 'cluster-settings') return paths.cluster(cluster.id, 'settings')
  if (about === 'live') return paths.cluster(cluster.id, 'live')
  if (about === 'cluster-follow') return paths.clusterFollow(cluster.id)
  if (about === 'drift') return paths.clusterDrift(cluster.id)
  return paths.cluster(cluster.id)
}
