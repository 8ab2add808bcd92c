import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import type { ExportView } from './views.ts'

/** Entries of one person that are looked through; an export that was just made is among the newest. */
const ENTRIES_MAX = 50

const factsSchema = z.object({
  export: z.string(),
  znodes: z.number().default(0),
  unreadable: z.number().default(0),
  unreadablePaths: z.array(z.string()).default([]),
  masked: z.number().default(0),
})

/** How an export of the same person goes, from the audit; null when it has not begun. */
export async function getExport(
  context: Pick<ServiceContext, 'db' | 'actor'>,
  exportId: string,
): Promise<ExportView | null> {
  const entries = await context.db.auditEntry.findMany({
    where: { action: 'tree.export', actorId: context.actor.id },
    orderBy: { id: 'desc' },
    take: ENTRIES_MAX,
    select: { outcome: true, after: true, message: true },
  })
  for (const { outcome, after, message } of entries) {
    const facts = factsSchema.safeParse(after).data
    if (facts?.export !== exportId) continue
    const state = outcome === 'started' ? 'running' : outcome === 'ok' ? 'done' : 'failed'
    const { znodes, unreadable, unreadablePaths, masked } = facts
    return { state, znodes, unreadable, unreadablePaths, masked, message }
  }
  return null
}
