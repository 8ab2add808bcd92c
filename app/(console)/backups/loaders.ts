import 'server-only'
import { cache } from 'react'
import { load } from '@/app/_server/load.ts'
import { getBackup } from '@/lib/services/backups/get-backup.ts'
import { listBackupChoices } from '@/lib/services/backups/list-backup-choices.ts'
import { listBackupSources } from '@/lib/services/backups/list-backup-sources.ts'
import { listBackups } from '@/lib/services/backups/list-backups.ts'
import { findDrillFault } from '@/lib/services/drills/find-drill-fault.ts'
import { listPlaces } from '@/lib/services/stores/list-places.ts'
import { listStoreChoices } from '@/lib/services/stores/list-store-views.ts'

const PAGE = 100

export const loadBackup = cache((backupId: string) => load((context) => getBackup(context, backupId)))

export const loadDrillFault = () => load(findDrillFault)

export const loadBackups = (input: {
  clusterId: string
  scheduleId?: string
  includeSafety: boolean
  only?: 'going' | 'held' | null
  before: string | null
}) => load((context) => listBackups(context, { ...input, limit: PAGE }))

export const loadBackupSources = (clusterId: string) => load((context) => listBackupSources(context, clusterId))

/** The newest backups of every cluster, for pickers, and those that the page's address names. */
export const loadRecentBackups = (named: readonly string[] = []) =>
  load((context) => listBackupChoices(context, { named }))

export const loadPlaces = (backupId: string) =>
  load(async (context) => ({
    places: await listPlaces(context, backupId),
    choices: await listStoreChoices(context),
  }))
