import { z } from 'zod'

export const PHYSICAL_WAYS = ['worker', 'runbook', 'admin'] as const

const absolute = z
  .string()
  .trim()
  .max(500)
  .regex(/^\/[^\n\r\0]*$/, 'Give an absolute path')
const line = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^[^\n\r\0]*$/, 'One line')

/** `host:port`, then the folders of this server where they are not those below. */
const SERVER_LINE = /^(\S+:\d{1,5})(?:\s+(\/\S*))?(?:\s+(\/\S*))?$/

const linesOf = (text: string) => text.split('\n').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]))

/** Of a text that the schema has accepted. */
export function parseServerLines(text: string): PhysicalOptions['servers'] {
  return linesOf(text).flatMap((each) => {
    const match = SERVER_LINE.exec(each)
    if (!match?.[1]) return []
    return [{ client: match[1], dataDir: match[2] ?? null, dataLogDir: match[3] ?? null }]
  })
}

export const createPhysicalSchema = z.object({
  backupId: z.string(),
  /** The store that the backup is read from; null: the first, or a copy where that is not to be had. */
  storeId: z.string().nullable().default(null),
  way: z.enum(PHYSICAL_WAYS),
  /** Of a runbook: one a line. Words of people about machines that Arkeeper does not reach; nothing of it is ever run. */
  servers: z
    .string()
    .max(20_000)
    .default('')
    .superRefine((text, context) => {
      const wrong = linesOf(text).findIndex((each) => !SERVER_LINE.test(each))
      if (wrong === -1) return
      context.addIssue({ code: 'custom', message: `Line ${wrong + 1}: give host:port, then folders if you like` })
    }),
  dataDir: absolute.default('/var/lib/zookeeper'),
  /** Empty: the same as dataDir. */
  dataLogDir: z.union([z.literal(''), absolute]).default(''),
  owner: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?$/, 'Give user:group')
    .default('zookeeper:zookeeper'),
  stop: line.default('sudo systemctl stop zookeeper'),
  start: line.default('sudo systemctl start zookeeper'),
  /** New machines: there are no epoch files to keep. */
  freshServers: z.boolean().default(false),
  /** The zxid for the file's name; empty takes what is proposed. */
  fileZxid: z
    .string()
    .trim()
    .regex(/^(0x)?[0-9a-f]{0,16}$/i, 'Give a zxid in hex, such as 0x500000000')
    .default(''),
})
export type CreatePhysicalInput = z.input<typeof createPhysicalSchema>

export const physicalOptionsSchema = z.object({
  servers: z.array(z.object({ client: z.string(), dataDir: z.string().nullable(), dataLogDir: z.string().nullable() })),
  dataDir: z.string(),
  dataLogDir: z.string(),
  owner: z.string(),
  stop: z.string(),
  start: z.string(),
  freshServers: z.boolean(),
  fileZxid: z.string(),
  storeId: z.string().nullable().default(null),
})
export type PhysicalOptions = z.output<typeof physicalOptionsSchema>

export const confirmPhysicalSchema = z.object({
  physicalId: z.string(),
  planHash: z.string(),
  typedName: z.string().trim(),
  reason: z.string().trim().min(1, 'Give a reason').max(500),
  /** What the findings ask to be typed; empty where none does. */
  phrase: z.string().trim().default(''),
})

export const undoPhysicalSchema = z.object({
  physicalId: z.string(),
  typedName: z.string().trim(),
  reason: z.string().trim().min(1, 'Give a reason').max(500),
})

export const tickPhysicalSchema = z.object({ physicalId: z.string(), step: z.string().max(200), done: z.boolean() })
