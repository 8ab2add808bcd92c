import 'server-only'
import { cache } from 'react'
import { load } from '@/app/_server/load.ts'
import { getMigration, listMigrations } from '@/lib/services/migrations/get-migration.ts'

export const loadMigration = cache((migrationId: string) => load((context) => getMigration(context, migrationId)))

export const loadMigrations = (clusterId?: string) => load((context) => listMigrations(context, { clusterId }))
