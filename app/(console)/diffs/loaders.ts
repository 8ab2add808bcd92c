import 'server-only'
import { cache } from 'react'
import { load } from '@/app/_server/load.ts'
import { getIgnored } from '@/lib/services/diffs/apply-ignore-rules.ts'
import { getDiff } from '@/lib/services/diffs/get-diff.ts'
import { listDiffs } from '@/lib/services/diffs/list-diffs.ts'

export const loadDiff = cache((diffId: string) => load((context) => getDiff(context, diffId)))

export const loadDiffs = (clusterId?: string) => load((context) => listDiffs(context, { clusterId, limit: 100 }))

export const loadIgnored = (diffId: string) => load((context) => getIgnored(context, diffId))
