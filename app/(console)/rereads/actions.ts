'use server'

import { action } from '@/app/_server/action.ts'
import { setRereadsSchema } from '@/lib/services/rereads/schemas.ts'
import { setRereads } from '@/lib/services/rereads/set-rereads.ts'

export const setRereadsAction = action(setRereadsSchema, async (context, input) => {
  await setRereads(context, input)
  return null
})
