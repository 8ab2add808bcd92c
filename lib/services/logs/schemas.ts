import { z } from 'zod'

export const LOG_KEEPING_SECONDS = { min: 10, max: 86_400, default: 60 } as const

export const keepLogsSchema = z.object({
  clusterId: z.string(),
  enabled: z.boolean(),
  everySeconds: z.coerce
    .number()
    .int()
    .min(LOG_KEEPING_SECONDS.min)
    .max(LOG_KEEPING_SECONDS.max)
    .default(LOG_KEEPING_SECONDS.default),
})

const zxid = z.string().regex(/^0x[0-9a-f]{1,16}$/)

export const mendPieceSchema = z.object({
  clusterId: z.string(),
  storeId: z.string(),
  first: zxid,
  kind: z.enum(['piece', 'base']).default('piece'),
})

/** What the page showed of the live znode: `expected` null means that there was none, and it is created again. */
export const restoreZnodeVersionSchema = z.object({
  clusterId: z.string(),
  path: z.string(),
  /** The transaction behind which the version was. */
  zxid,
  part: z.enum(['data', 'acl']),
  expected: z.object({ czxid: zxid, version: z.number().int(), aversion: z.number().int() }).nullable(),
})
