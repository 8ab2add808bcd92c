import type { z } from 'zod'
import { ServiceError } from './errors.ts'

/** Validates at the service's door. `details.fields` maps `a.b` → first message of that field; the input itself is never quoted. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const fields: Record<string, string> = {}
  for (const issue of result.error.issues) {
    const field = issue.path.map(String).join('.')
    fields[field] ??= issue.message
  }
  const listed = Object.entries(fields).map(([field, message]) => (field === '' ? message : `${field}: ${message}`))
  throw new ServiceError('INVALID_INPUT', `The input is not valid: ${listed.join('; ')}`, {
    unaffected: 'nothing was changed',
    details: { fields },
  })
}
