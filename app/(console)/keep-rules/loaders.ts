import 'server-only'
import { load } from '@/app/_server/load.ts'
import { getKeepRules } from '@/lib/services/keep-rules/get-keep-rules.ts'
import { listHolds } from '@/lib/services/keep-rules/list-holds.ts'

export const loadKeepRules = (clusterId: string) => load((context) => getKeepRules(context, clusterId))

export const loadHolds = (backupId: string) => load((context) => listHolds(context, backupId))
