'use server'

import { action } from '@/app/_server/action.ts'
import { createSchedule } from '@/lib/services/schedules/create-schedule.ts'
import { pauseSchedule } from '@/lib/services/schedules/pause-schedule.ts'
import { removeSchedule } from '@/lib/services/schedules/remove-schedule.ts'
import {
  createScheduleSchema,
  pauseScheduleSchema,
  removeScheduleSchema,
  updateScheduleSchema,
} from '@/lib/services/schedules/schemas.ts'
import { startScheduleRun } from '@/lib/services/schedules/start-schedule-run.ts'
import { updateSchedule } from '@/lib/services/schedules/update-schedule.ts'

export const createScheduleAction = action(createScheduleSchema, createSchedule)

export const updateScheduleAction = action(updateScheduleSchema, async (context, input) => {
  await updateSchedule(context, input)
  return null
})

export const removeScheduleAction = action(removeScheduleSchema, async (context, input) => {
  await removeSchedule(context, input)
  return null
})

export const pauseScheduleAction = action(pauseScheduleSchema, async (context, input) => {
  await pauseSchedule(context, input)
  return null
})

export const startScheduleRunAction = action(removeScheduleSchema, (context, { scheduleId }) =>
  startScheduleRun(context, scheduleId),
)
