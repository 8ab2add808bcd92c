import { z } from 'zod'
import type { NamedFinding } from '../../domain/health/find-dangers.ts'
import type { HealthSummaryView } from './views.ts'

/** Stored with each look, so that a page of many clusters needs no rules and no rows. */
export function summarizeHealth(
  lookedAt: Date,
  servers: readonly { readonly server: string; readonly ok: boolean; readonly role: string | null }[],
  findings: readonly NamedFinding[],
): HealthSummaryView {
  const worst = findings[0]
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length
  return {
    lookedAt: lookedAt.toISOString(),
    leader: servers.find(({ ok, role }) => ok && role === 'leader')?.server ?? null,
    serving: servers.filter(({ ok }) => ok).length,
    known: servers.length,
    dangers: count('danger'),
    warnings: count('warning'),
    worst: worst ? { severity: worst.severity, title: worst.title } : null,
  }
}

const schema = z.object({
  lookedAt: z.string(),
  leader: z.string().nullable(),
  serving: z.number(),
  known: z.number(),
  dangers: z.number(),
  warnings: z.number(),
  worst: z.object({ severity: z.enum(['danger', 'warning', 'note']), title: z.string() }).nullable(),
})

/** Of another version's row nothing is known. */
export function parseHealthSummary(stored: unknown): HealthSummaryView | null {
  return schema.safeParse(stored).data ?? null
}
