import 'server-only'
import { cache } from 'react'
import { load } from '@/app/_server/load.ts'
import { getDriftWatch } from '@/lib/services/alerts/drift-watch.ts'
import { listAlertRules } from '@/lib/services/alerts/rule-settings.ts'
import { listBackups } from '@/lib/services/backups/list-backups.ts'
import { getAdminServers } from '@/lib/services/clusters/admin-servers.ts'
import { getCluster } from '@/lib/services/clusters/get-cluster.ts'
import { getDrillSchedule } from '@/lib/services/drills/get-drill-schedule.ts'
import { getEncryption } from '@/lib/services/encryption/get-encryption.ts'
import { getFollow } from '@/lib/services/follow/get-follow.ts'
import { listIgnoreRules } from '@/lib/services/ignore-rules/list-ignore-rules.ts'
import { getLogKeeping } from '@/lib/services/logs/get-log-keeping.ts'
import { getClusterStores } from '@/lib/services/stores/cluster-stores.ts'
import { listStoreChoices } from '@/lib/services/stores/list-store-views.ts'

export const loadCluster = cache((clusterId: string) => load((context) => getCluster(context, clusterId)))

export const loadAdminServers = cache((clusterId: string) => load((context) => getAdminServers(context, clusterId)))

export const loadIgnoreRules = (clusterId: string) => load((context) => listIgnoreRules(context, clusterId))

export const loadLogKeeping = cache((clusterId: string) => load((context) => getLogKeeping(context, clusterId)))

export const loadFollow = (clusterId: string) => load((context) => getFollow(context, clusterId))

export const loadEncryption = (clusterId: string) => load((context) => getEncryption(context, clusterId))

export const loadDrillSchedule = (clusterId: string) => load((context) => getDrillSchedule(context, clusterId))

const BASELINES = 100

/** The rules that hold there, and the baseline with what there is to choose from. */
export const loadClusterAlerts = (clusterId: string) =>
  load(async (context) => ({
    rules: await listAlertRules(context, clusterId),
    drift: await getDriftWatch(context, clusterId),
    backups: (await listBackups(context, { clusterId, limit: BASELINES })).backups.map(({ id, takenAt, note }) => ({
      id,
      takenAt,
      note,
    })),
  }))

export const loadStores = (clusterId: string) =>
  load(async (context) => ({
    stores: await getClusterStores(context, clusterId),
    choices: await listStoreChoices(context),
  }))
