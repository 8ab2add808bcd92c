import 'server-only'
import { cache } from 'react'
import { load } from '@/app/_server/load.ts'
import { getAdminServers } from '@/lib/services/clusters/admin-servers.ts'
import { getCluster } from '@/lib/services/clusters/get-cluster.ts'
import { getDrillSchedule } from '@/lib/services/drills/get-drill-schedule.ts'
import { listIgnoreRules } from '@/lib/services/ignore-rules/list-ignore-rules.ts'
import { getLogKeeping } from '@/lib/services/logs/get-log-keeping.ts'

export const loadCluster = cache((clusterId: string) => load((context) => getCluster(context, clusterId)))

export const loadAdminServers = cache((clusterId: string) => load((context) => getAdminServers(context, clusterId)))

export const loadIgnoreRules = (clusterId: string) => load((context) => listIgnoreRules(context, clusterId))

export const loadLogKeeping = cache((clusterId: string) => load((context) => getLogKeeping(context, clusterId)))

export const loadDrillSchedule = (clusterId: string) => load((context) => getDrillSchedule(context, clusterId))
