'use server'

import { action } from '@/app/_server/action.ts'
import { setLiveDriftSchema, unwatchPathSchema, watchPathSchema } from '@/lib/services/live/schemas.ts'
import { setLiveDrift } from '@/lib/services/live/set-live-drift.ts'
import { unwatchPath, watchPath } from '@/lib/services/live/watched-paths.ts'

export const watchPathAction = action(watchPathSchema, watchPath)

export const unwatchPathAction = action(unwatchPathSchema, async (context, input) => {
  await unwatchPath(context, input)
  return null
})

export const setLiveDriftAction = action(setLiveDriftSchema, async (context, input) => {
  await setLiveDrift(context, input)
  return null
})
