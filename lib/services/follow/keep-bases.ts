import { findSpentBases } from '../../domain/retention/spent-bases.ts'
import type { ServiceContext } from '../context.ts'

/** Bases that nothing is told from any more go, and of old ones all but one a day and one a week. */
export async function keepBases(
  { archives, clock }: Pick<ServiceContext, 'archives' | 'clock'>,
  logDir: string,
): Promise<number> {
  const { segments } = await archives.logs.list(logDir)
  const bases = await archives.logs.bases(logDir)
  const spent = new Set(findSpentBases(bases, { logsFrom: segments[0]?.first ?? null, nowMs: clock.now() }))
  await archives.logs.removeBases(
    logDir,
    bases.filter((base) => spent.has(base)),
  )
  return spent.size
}
