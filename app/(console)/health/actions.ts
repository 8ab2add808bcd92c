'use server'

import { action } from '@/app/_server/action.ts'
import { setHealthWatchSchema } from '@/lib/services/health/schemas.ts'
import { setHealthWatch } from '@/lib/services/health/set-health-watch.ts'

export const setHealthWatchAction = action(setHealthWatchSchema, async (context, input) => {
  await setHealthWatch(context, input)
  return null
})
