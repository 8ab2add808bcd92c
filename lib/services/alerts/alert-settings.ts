import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { REPEAT_HOURS, setRepeatSchema } from './schemas.ts'

const REPEAT_KEY = 'alerts.repeat-hours'

/** Hours between two notices of one alert that goes on. */
export async function readRepeatHours({ db }: Pick<ServiceContext, 'db'>): Promise<number> {
  const row = await db.setting.findUnique({ where: { key: REPEAT_KEY } })
  const hours = Number(row?.value ?? REPEAT_HOURS.default)
  return hours >= REPEAT_HOURS.min && hours <= REPEAT_HOURS.max ? hours : REPEAT_HOURS.default
}

export async function setRepeatHours(context: ServiceContext, input: z.input<typeof setRepeatSchema>): Promise<void> {
  const { hours } = parseInput(setRepeatSchema, input)
  const before = { hours: await readRepeatHours(context) }
  await mutate(context, { action: 'alert.set-repeat', before, after: { hours } }, async (tx) => {
    const value = String(hours)
    await tx.setting.upsert({ where: { key: REPEAT_KEY }, create: { key: REPEAT_KEY, value }, update: { value } })
  })
}
