import { createSchedule } from '../../schedules/create-schedule.ts'
import { listScheduleRuns } from '../../schedules/list-schedule-runs.ts'
import { getSchedule, listSchedules } from '../../schedules/list-schedules.ts'
import { removeSchedule } from '../../schedules/remove-schedule.ts'
import { startScheduleRun } from '../../schedules/start-schedule-run.ts'
import { updateSchedule } from '../../schedules/update-schedule.ts'
import type { scheduleOperations } from '../contract/schedules.ts'
import type { Handlers } from '../handler.ts'

export const scheduleHandlers: Handlers<typeof scheduleOperations> = {
  listSchedules: async (context, { query }) => ({ items: await listSchedules(context, query) }),
  createSchedule: async (context, { body }) => {
    const { scheduleId } = await createSchedule(context, body)
    return getSchedule(context, scheduleId)
  },
  getSchedule: (context, { params }) => getSchedule(context, params.scheduleId),
  updateSchedule: async (context, { params, body }) => {
    await updateSchedule(context, { ...params, ...body })
    return getSchedule(context, params.scheduleId)
  },
  deleteSchedule: async (context, { params }) => {
    await removeSchedule(context, params)
    return null
  },
  runSchedule: (context, { params }) => startScheduleRun(context, params.scheduleId),
  listScheduleRuns: async (context, { query }) => {
    const { after, ...wanted } = query
    const { runs, next } = await listScheduleRuns(context, { ...wanted, before: after })
    return { items: runs, next }
  },
}
