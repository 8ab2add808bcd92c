import { z } from 'zod'
import type { ChainedRecord } from './chain.ts'

const text = z.string().nullable()
const lineSchema = z.object({
  id: z.number().int(),
  at: z.iso.datetime(),
  actorId: text,
  actorName: z.string(),
  action: z.string(),
  clusterId: text,
  clusterName: text,
  otherClusterId: text,
  path: text,
  reason: text,
  before: z.unknown(),
  after: z.unknown(),
  outcome: z.string(),
  message: text,
  ip: text,
  sequence: z.number().int().nullable(),
  previousHash: text,
  hash: text,
  hashVersion: z.number().int().nullable(),
})

/** One line of a JSON Lines export; null when it is none. */
export function parseExportLine(line: string): ChainedRecord | null {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return null
  }
  const parsed = lineSchema.safeParse(json)
  return parsed.success ? { ...parsed.data, at: new Date(parsed.data.at) } : null
}
