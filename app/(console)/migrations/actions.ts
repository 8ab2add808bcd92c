'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import type { ServiceContext } from '@/lib/services/context.ts'
import { confirmMigration } from '@/lib/services/migrations/confirm-migration.ts'
import { createMigration } from '@/lib/services/migrations/create-migration.ts'
import { confirmMigrationSchema, createMigrationSchema } from '@/lib/services/migrations/schemas.ts'
import {
  finishMigration,
  followAgain,
  goOnWithMigration,
  startSwitch,
  stopMigration,
} from '@/lib/services/migrations/steer-migration.ts'

const migrationIdSchema = z.object({ migrationId: z.string() })

const steering = (steer: (context: ServiceContext, migrationId: string) => Promise<void>) =>
  action(migrationIdSchema, async (context, { migrationId }) => {
    await steer(context, migrationId)
    return null
  })

export const createMigrationAction = action(createMigrationSchema, (context, input) => createMigration(context, input))

export const confirmMigrationAction = action(confirmMigrationSchema, async (context, input) => {
  await confirmMigration(context, input)
  return null
})

export const stopMigrationAction = steering(stopMigration)

export const goOnWithMigrationAction = steering(goOnWithMigration)

export const startSwitchAction = steering(startSwitch)

export const followAgainAction = steering(followAgain)

export const finishMigrationAction = steering(finishMigration)
