import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { setAuditSettingsSchema } from './schemas.ts'

export interface AuditSettings {
  /** Entries older than so many months are removed; null: never. */
  readonly months: number | null
  readonly checkpointFiles: boolean
}

const MONTHS_KEY = 'audit.months'
const FILES_KEY = 'audit.checkpoint-files'

export async function readAuditSettings({ db }: Pick<ServiceContext, 'db'>): Promise<AuditSettings> {
  const rows = await db.setting.findMany({ where: { key: { in: [MONTHS_KEY, FILES_KEY] } } })
  const values = new Map(rows.map(({ key, value }) => [key, value]))
  const months = Number(values.get(MONTHS_KEY) ?? 0)
  return { months: months > 0 ? months : null, checkpointFiles: values.get(FILES_KEY) === 'on' }
}

export async function setCheckpointFiles(context: ServiceContext, input: { readonly on: boolean }): Promise<void> {
  const before = await readAuditSettings(context)
  const facts = { before: { files: before.checkpointFiles }, after: { files: input.on } }
  await mutate(context, { action: 'audit.set-checkpoints', ...facts }, async (tx) => {
    const value = input.on ? 'on' : 'off'
    await tx.setting.upsert({ where: { key: FILES_KEY }, create: { key: FILES_KEY, value }, update: { value } })
  })
}

export async function setAuditRetention(
  context: ServiceContext,
  input: z.input<typeof setAuditSettingsSchema>,
): Promise<void> {
  const { months } = parseInput(setAuditSettingsSchema, input)
  const before = await readAuditSettings(context)
  const facts = { before: { months: before.months }, after: { months } }
  await mutate(context, { action: 'audit.set-retention', ...facts }, async (tx) => {
    const value = String(months ?? 0)
    await tx.setting.upsert({ where: { key: MONTHS_KEY }, create: { key: MONTHS_KEY, value }, update: { value } })
  })
}
