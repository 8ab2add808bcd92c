import 'server-only'
import { load } from '@/app/_server/load.ts'
import { listBackups } from '@/lib/services/backups/list-backups.ts'
import { getLiveDrift } from '@/lib/services/live/get-live-drift.ts'
import { getLiveStatus } from '@/lib/services/live/get-live-status.ts'
import { listLiveTransactions } from '@/lib/services/live/list-transactions.ts'
import type { LiveType } from '@/lib/services/live/schemas.ts'
import { listWatchedPaths } from '@/lib/services/live/watched-paths.ts'

export const loadLiveStatus = (clusterId: string) => load((context) => getLiveStatus(context, clusterId))

export const loadLiveTransactions = (clusterId: string, filter: { under: string; types: readonly LiveType[] }) =>
  load((context) => listLiveTransactions(context, { clusterId, under: filter.under, types: [...filter.types] }))

export const loadWatchedPaths = (clusterId: string) => load((context) => listWatchedPaths(context, clusterId))

const BASELINES = 50

export const loadLiveDrift = (clusterId: string) =>
  load(async (context) => ({
    drift: await getLiveDrift(context, clusterId),
    backups: (await listBackups(context, { clusterId, limit: BASELINES })).backups.map(({ id, takenAt, note }) => ({
      id,
      takenAt,
      note,
    })),
  }))
