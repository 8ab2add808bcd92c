import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatErrorLine } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import { readAuditSettings } from './audit-settings.ts'
import { type Checkpoint, checkpointText, formatCheckpointFile } from './signatures.ts'
import { lockAudit } from './write-audit.ts'

const EVERY_MS = 3_600_000

/**
 * Signs the end of the chain when an hour has gone since it was signed last, or now, and only when something came since. Gives whether
 * it did. The file in the store is a copy out of the reach of whoever has only the database.
 */
export async function runDueCheckpoint(
  context: ServiceContext,
  options: { readonly now?: boolean } = {},
): Promise<boolean> {
  const { db, clock, auditKey } = context
  const latest = await findLatestCheckpoint(context)
  // Signed in what is the future now: the clock was ahead then.
  const ageMs = latest ? clock.now() - latest.at.getTime() : EVERY_MS
  if (!options.now && ageMs >= 0 && ageMs < EVERY_MS) return false
  const head = await db.auditHead.findUnique({ where: { id: 1 }, select: { sequence: true } })
  if (!head || head.sequence === 0 || head.sequence === latest?.sequence) return false
  const made = await keepBooks(context, { action: 'audit.seal' }, async (tx): Promise<Checkpoint | null> => {
    const { sequence, hash } = await lockAudit(tx)
    const known = await tx.auditCheckpoint.count({ where: { sequence } })
    if (known > 0) return null
    const unsigned = { sequence, hash, at: new Date(clock.now()), keyId: auditKey.keyId }
    const checkpoint = { ...unsigned, signature: auditKey.sign(checkpointText(unsigned)) }
    await tx.auditCheckpoint.create({ data: checkpoint, select: { sequence: true } })
    return checkpoint
  })
  if (made && (await readAuditSettings(context)).checkpointFiles) await writeCheckpointFile(context, made)
  return made !== null
}

export function findLatestCheckpoint({ db }: Pick<ServiceContext, 'db'>): Promise<Checkpoint | null> {
  return db.auditCheckpoint.findFirst({ orderBy: { sequence: 'desc' } })
}

/** A store that cannot be written keeps nobody from signing; the next one is tried again. */
async function writeCheckpointFile({ paths, log }: ServiceContext, checkpoint: Checkpoint): Promise<void> {
  const dir = join(paths.storeDir, 'audit')
  const file = join(dir, `checkpoint-${checkpoint.sequence}.json`)
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await writeFile(`${file}.tmp`, formatCheckpointFile(checkpoint), { mode: 0o600, flush: true })
    await rename(`${file}.tmp`, file)
  } catch (error) {
    log.error({ error: formatErrorLine(error), file }, 'A checkpoint of the audit could not be written into the store')
  }
}
