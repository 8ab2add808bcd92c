import { z } from 'zod'

/** The folder of ARKEEPER_STORE_DIR: always there, never changed here. */
export const DEFAULT_STORE_ID = 'default'

export const folderSettingsSchema = z.object({
  path: z
    .string()
    .trim()
    .min(1, 'Give the path of the folder')
    .max(1000)
    .refine((path) => path.startsWith('/'), 'The path must be absolute'),
})

const text = (max: number) => z.string().trim().max(max)
const optional = (max: number) =>
  text(max)
    .nullable()
    .default(null)
    .transform((value) => (value === '' ? null : value))

/** `prefix` ends in a slash, or is empty. */
export const s3SettingsSchema = z.object({
  endpoint: optional(500).pipe(
    z
      .url({ protocol: /^https?$/, error: 'Give an address that begins with https:// or http://' })
      .refine((url) => new URL(url).username === '', 'Give the key in its own fields, not in the address')
      .nullable(),
  ),
  region: text(100).min(1, 'Give a region').default('us-east-1'),
  bucket: z
    .string()
    .trim()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'A bucket has 3 to 63 lower-case letters, digits, dots and dashes'),
  prefix: text(400)
    .default('')
    .refine((prefix) => !/(^|\/)\.{1,2}(\/|$)|\/\/|^\//.test(prefix), 'The prefix must be a plain path like arkeeper/')
    .transform((prefix) => (prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`)),
  pathStyle: z.boolean().default(true),
  ca: optional(100_000),
  encryption: z.enum(['none', 'AES256', 'aws:kms']).default('none'),
  kmsKeyId: optional(500),
  storageClass: optional(50),
  lock: z.enum(['none', 'governance', 'compliance']).default('none'),
  lockDays: z.coerce.number().int().min(1).max(36_500).default(30),
  proof: z.enum(['read-back', 'part-sums']).default('read-back'),
})

export const s3KeysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })

export const copyBackupSchema = z.object({ backupId: z.string(), storeId: z.string() })

const nameSchema = text(60).min(1, 'Give it a name')
const common = { name: nameSchema, note: text(500).default('') }

/** Of a new store, or of one that is changed. An empty secret leaves what is stored; an empty key asks the machine for its own. */
export const storeInputSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder'), ...common, settings: folderSettingsSchema }),
  z.object({
    kind: z.literal('s3'),
    ...common,
    settings: s3SettingsSchema,
    accessKeyId: text(200).default(''),
    secretAccessKey: text(500).default(''),
  }),
])

export const changeStoreSchema = z.object({ storeId: z.string(), store: storeInputSchema })

export const clusterStoresSchema = z.object({
  clusterId: z.string(),
  storeId: z.string(),
  copies: z
    .array(z.object({ storeId: z.string(), what: z.enum(['all', 'scheduled']) }))
    .max(10)
    .default([]),
})
