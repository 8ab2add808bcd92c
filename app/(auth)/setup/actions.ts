'use server'

import { openAction } from '@/app/_server/action.ts'
import { createFirstAdministrator } from '@/lib/services/people/create-first-administrator.ts'
import { createAdministratorSchema } from '@/lib/services/people/schemas.ts'

/** Without a session: there is nobody yet. The service refuses it as soon as there is somebody. */
export const createAdministratorAction = openAction(
  { name: 'set-up', role: 'admin' },
  createAdministratorSchema,
  async (context, input) => {
    await createFirstAdministrator(context, input)
    return null
  },
)
