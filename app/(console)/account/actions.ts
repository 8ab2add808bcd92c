'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { getPerson } from '@/app/_server/actor.ts'
import { changePassword, revokeSessions } from '@/lib/services/people/own-account.ts'
import { changePasswordSchema } from '@/lib/services/people/schemas.ts'
import { createToken } from '@/lib/services/tokens/create-token.ts'
import { revokeToken } from '@/lib/services/tokens/revoke-token.ts'
import { createTokenSchema } from '@/lib/services/tokens/schemas.ts'

const thisSession = async () => (await getPerson())?.sessionId ?? ''

export const revokeSessionAction = action(z.object({ sessionId: z.string() }), async (context, input) => {
  await revokeSessions(context, input)
  return null
})

export const revokeOtherSessionsAction = action(z.object({}), async (context) => {
  await revokeSessions(context, { allBut: await thisSession() })
  return null
})

export const changePasswordAction = action(changePasswordSchema, async (context, input) => {
  await changePassword(context, { ...input, thisSessionId: await thisSession() })
  return null
})

export const createTokenAction = action(createTokenSchema, createToken)

export const revokeTokenAction = action(z.object({ tokenId: z.string() }), async (context, { tokenId }) => {
  await revokeToken(context, tokenId)
  return null
})
