'use server'

import { z } from 'zod'
import { openAction } from '@/app/_server/action.ts'
import { acceptInvitation, getInvitation } from '@/lib/services/people/accept-invitation.ts'
import { acceptInvitationSchema } from '@/lib/services/people/schemas.ts'

const INVITED = { name: 'an invitation', role: 'viewer' } as const

/** Without a session: whoever holds the link may see what it offers. */
export const openInvitationAction = openAction(
  INVITED,
  z.object({ token: z.string().min(1).max(200) }),
  (context, { token }) => getInvitation(context, token),
)

/** Without a session: whoever holds the link may use it, once. */
export const acceptInvitationAction = openAction(INVITED, acceptInvitationSchema, acceptInvitation)
