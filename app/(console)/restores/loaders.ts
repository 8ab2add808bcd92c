import 'server-only'
import { cache } from 'react'
import { load } from '@/app/_server/load.ts'
import { getRestore } from '@/lib/services/restores/get-restore.ts'
import { listRestores } from '@/lib/services/restores/list-restores.ts'

export const loadRestore = cache((restoreId: string) => load((context) => getRestore(context, restoreId)))

export const loadRestores = (clusterId: string) => load((context) => listRestores(context, { clusterId, limit: 100 }))

/** Edits by hand that can be taken back, newest first. */
export const loadEdits = (clusterId: string) =>
  load((context) => listRestores(context, { clusterId, limit: 20, edits: true }))
