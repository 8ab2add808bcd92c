'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { deactivatePerson, reactivatePerson, setClusterRole, setRole } from '@/lib/services/people/change-person.ts'
import { invitePerson, revokeInvitation } from '@/lib/services/people/invite-person.ts'
import { endSessionsOf, openSignIn } from '@/lib/services/people/person-access.ts'
import { invitePersonSchema, setClusterRoleSchema, setRoleSchema } from '@/lib/services/people/schemas.ts'

const userSchema = z.object({ userId: z.string() })

export const invitePersonAction = action(invitePersonSchema, invitePerson)

export const revokeInvitationAction = action(z.object({ invitationId: z.string() }), async (context, input) => {
  await revokeInvitation(context, input.invitationId)
  return null
})

export const setRoleAction = action(setRoleSchema, async (context, input) => {
  await setRole(context, input)
  return null
})

export const setClusterRoleAction = action(setClusterRoleSchema, async (context, input) => {
  await setClusterRole(context, input)
  return null
})

export const deactivatePersonAction = action(userSchema, async (context, { userId }) => {
  await deactivatePerson(context, userId)
  return null
})

export const reactivatePersonAction = action(userSchema, async (context, { userId }) => {
  await reactivatePerson(context, userId)
  return null
})

export const endSessionsAction = action(userSchema, (context, { userId }) => endSessionsOf(context, userId))

export const openSignInAction = action(userSchema, async (context, { userId }) => {
  await openSignIn(context, userId)
  return null
})
