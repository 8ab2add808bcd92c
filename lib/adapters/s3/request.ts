import { createHash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import { isNotImplemented, toS3Error } from './explain.ts'
import type { S3Settings } from './object-store.ts'

const DAY_MS = 86_400_000

/** What the server was found not to know. Asked once a store and process; never guessed by its name. */
export interface Abilities {
  /** SHA-256 of a body, checked by the server and kept with the object. */
  sums: boolean
  /** `If-None-Match: *` */
  conditions: boolean
}

/** One bucket, as all requests need it. */
export interface Bucket {
  readonly client: S3Client
  readonly settings: S3Settings
  readonly can: Abilities
}

export const md5Of = (bytes: Uint8Array) => createHash('md5').update(bytes).digest()
export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

export function nameOf({ settings }: Bucket, key: string): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: settings.bucket, Key: `${settings.prefix}${key}` }
}

/** Encryption, class and lock of a new object. `mayChange`: not locked. */
export function placementOf({ settings }: Bucket, mayChange = false) {
  const { encryption, kmsKeyId, storageClass } = settings
  const lock = mayChange ? null : lockOf(settings)
  return {
    ...(encryption === 'none' ? {} : { ServerSideEncryption: encryption }),
    ...(encryption === 'aws:kms' && kmsKeyId !== null ? { SSEKMSKeyId: kmsKeyId } : {}),
    // The SDK lists Amazon's classes; other servers have their own.
    ...(storageClass === null ? {} : { StorageClass: storageClass as 'STANDARD' }),
    ...(lock === null ? {} : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.until }),
  }
}

/** From now on; null: nothing is to be locked. */
export function lockOf({ lock, lockDays }: S3Settings) {
  if (lock === 'none') return null
  const mode = lock === 'governance' ? ('GOVERNANCE' as const) : ('COMPLIANCE' as const)
  return { mode, until: new Date(Date.now() + lockDays * DAY_MS) }
}

/** Runs it with what the server can; what it answers `not implemented` to is left out from then on, one thing after the other. */
export async function withAbilities<T>({ can }: Bucket, run: (can: Readonly<Abilities>) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run({ ...can })
    } catch (error) {
      if (!isNotImplemented(error) || (!can.sums && !can.conditions)) throw error
      if (can.sums) can.sums = false
      else can.conditions = false
    }
  }
}

/** A failure of the SDK as one of ours. */
export async function told<T>(doing: string, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw toS3Error(error, doing, signal)
  }
}
