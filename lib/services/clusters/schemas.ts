import { z } from 'zod'

export const ENVIRONMENTS = ['production', 'staging', 'development'] as const

/** host:port[,host:port…][/chroot]; parsed in full by the ZooKeeper adapter, which names the fault. */
const connectString = z.string().trim().min(1, 'Enter host:port, several separated by commas').max(2000)

const pem = (label: string) =>
  z
    .string()
    .trim()
    .max(100_000)
    .refine((text) => text === '' || new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(text), 'Paste it in PEM form')
    .default('')

export const clusterInputSchema = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'Enter a name')
    .max(60)
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u, 'Use letters, digits, space, dot, dash and underscore'),
  connectString,
  environment: z.enum(ENVIRONMENTS).default('development'),
  /** The servers' jute.maxbuffer: what is larger is never sent, since a server closes the connection on it without an answer. */
  requestBytesMax: z.coerce.number().int().min(4096).max(67_108_864).default(1_048_575),
  sessionTimeoutMs: z.coerce.number().int().min(4000).max(120_000).default(30_000),
  note: z.string().trim().max(2000).default(''),
  /** `keep` leaves the stored secret as it is (edit only); `none` removes it. */
  auth: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('none') }),
      z.object({ kind: z.literal('keep') }),
      z.object({
        kind: z.literal('digest'),
        username: z.string().min(1, 'Enter the user name').max(200),
        password: z.string().min(1, 'Enter the password').max(1000),
      }),
      /** DIGEST-MD5, the mechanism of ZooKeeper's DigestLoginModule. */
      z.object({
        kind: z.literal('sasl'),
        username: z.string().min(1, 'Enter the user name').max(200),
        password: z.string().min(1, 'Enter the password').max(1000),
      }),
    ])
    .default({ kind: 'none' }),
  /** `keep` leaves the stored settings as they are; for a new cluster that is off. */
  tls: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('keep') }),
      z.object({ kind: z.literal('off') }),
      z.object({
        kind: z.literal('on'),
        ca: pem('CERTIFICATE'),
        cert: pem('CERTIFICATE'),
        /** Empty keeps the stored key while there is a certificate. */
        key: pem('PRIVATE KEY'),
        checkName: z.boolean().default(true),
      }),
    ])
    .default({ kind: 'keep' }),
})
export type ClusterInput = z.infer<typeof clusterInputSchema>

/** Addresses of the members' AdminServers and how we show who we are; parsed in full by their adapter. */
export const adminServersInputSchema = z.object({
  clusterId: z.string(),
  /** One a line; none switches the AdminServer off. */
  urls: z.array(z.string().trim().min(1).max(2000)).max(50),
  auth: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('none') }),
      z.object({ kind: z.literal('keep') }),
      z.object({ kind: z.literal('ip') }),
      z.object({ kind: z.literal('x509') }),
      z.object({
        kind: z.literal('digest'),
        username: z.string().min(1, 'Enter the user name').max(200),
        password: z.string().min(1, 'Enter the password').max(1000),
      }),
    ])
    .default({ kind: 'none' }),
  tlsCa: pem('CERTIFICATE'),
  tlsCert: pem('CERTIFICATE'),
  /** Empty keeps the stored key while there is a certificate. */
  tlsKey: pem('PRIVATE KEY'),
})
export type AdminServersInput = z.infer<typeof adminServersInputSchema>

export const ARM_MINUTES = [15, 60, 480] as const
export const armClusterSchema = z.object({
  clusterId: z.string(),
  minutes: z.coerce.number().pipe(z.union([z.literal(15), z.literal(60), z.literal(480)])),
  reason: z.string().trim().max(500).default(''),
})

export const removeClusterSchema = z.object({ clusterId: z.string(), typedName: z.string() })
