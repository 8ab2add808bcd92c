import 'server-only'
import { load } from '@/app/_server/load.ts'
import { getProtection, listProtection } from '@/lib/services/schedules/list-protection.ts'
import { listScheduleRuns } from '@/lib/services/schedules/list-schedule-runs.ts'
import { listSchedules } from '@/lib/services/schedules/list-schedules.ts'

const RUNS = 50

export const loadSchedules = (clusterId: string) => load((context) => listSchedules(context, { clusterId }))

export const loadScheduleRuns = (input: { clusterId: string; scheduleId?: string; before: string | null }) =>
  load((context) => listScheduleRuns(context, { ...input, limit: RUNS }))

export const loadProtection = (clusterId: string) => load((context) => getProtection(context, clusterId))

export const loadProtections = (page: number) => load((context) => listProtection(context, { page }))
