'use server'

import { action } from '@/app/_server/action.ts'
import { resolvePicks } from '@/lib/services/diffs/resolve-picks.ts'
import { resolvePicksSchema, startDiffSchema } from '@/lib/services/diffs/schemas.ts'
import { startDiff } from '@/lib/services/diffs/start-diff.ts'

export const startDiffAction = action(startDiffSchema, (context, input) => startDiff(context, input))

/** Reads only; an action because the picks may be more than a URL holds. */
export const resolvePicksAction = action(resolvePicksSchema, (context, input) => resolvePicks(context, input))
