'use server'

import { action } from '@/app/_server/action.ts'
import { startDiffSchema } from '@/lib/services/diffs/schemas.ts'
import { startDiff } from '@/lib/services/diffs/start-diff.ts'

export const startDiffAction = action(startDiffSchema, (context, input) => startDiff(context, input))
