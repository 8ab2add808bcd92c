import { z } from 'zod'

/** Views have ISO strings; outside, times are milliseconds since the epoch. */
export const time = z
  .codec(z.iso.datetime(), z.int(), {
    decode: (text) => Date.parse(text),
    encode: (ms) => new Date(ms).toISOString(),
  })
  .meta({ description: 'Milliseconds since 1970' })
export const hex64 = z
  .string()
  .regex(/^0x[0-9a-f]{1,16}$/)
  .meta({ description: '64 bits in hex, as zxids and session ids are' })
export const bytes = z.string().nullable().meta({ description: 'base64; null is null data, which is not empty data' })
export const id = z.string().min(1).max(100)
export const treeRef = z
  .string()
  .max(200)
  .meta({ description: 'live:CLUSTER, backup:BACKUP or moment:CLUSTER.ZXID, by ids', examples: ['backup:…'] })
export const count = z.int().min(0)

export const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly()

/** A page of a list, and the cursor of the next one. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: list(item),
    next: z
      .string()
      .nullable()
      .meta({ description: 'Send it as `after` for the next page; null: this was the last one' }),
  })

export const paging = (largest: number, usual: number) => ({
  after: z.string().max(500).optional().meta({ description: '`next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(largest).default(usual),
})

export const problem = z
  .object({
    code: z.string().meta({ description: 'For programs, in capitals' }),
    message: z.string().meta({ description: 'What failed' }),
    unaffected: z.string().nullable().meta({ description: 'What was left as it was' }),
    remedy: z.string().nullable().meta({ description: 'What to do' }),
    fields: z.record(z.string(), z.string()).optional().meta({ description: 'By field of the request' }),
    id: z.string().optional().meta({ description: 'Finds an unexpected failure in the log of the server' }),
  })
  .meta({ id: 'Problem', description: 'Why a request came to nothing' })

/** An error inside of an answer, of a job that failed for example. */
export const failure = z.object({
  code: z.string(),
  message: z.string(),
  unaffected: z.string().optional(),
  remedy: z.string().optional(),
})

export const jobStarted = z.object({ jobId: id })
export const nothing = z.object({})

/** Which store was read. */
export const readFrom = z
  .object({
    storeId: id,
    store: z.string(),
    isChosen: z.boolean().meta({ description: 'It was asked for, and no other was tried' }),
    how: z.enum(['in-place', 'cache', 'afresh']),
    note: z.string().nullable().meta({ description: 'Why it is not the store that it was put first in' }),
  })
  .meta({ id: 'ReadFrom' })
