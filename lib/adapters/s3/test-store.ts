import { randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectLockConfigurationCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import { isArkeeperError } from '../../base/errors.ts'
import { isLinkLocal } from '../log/outbound.ts'
import { hostOf } from './connection.ts'
import { hashObject } from './download-file.ts'
import { S3Error } from './errors.ts'
import { toS3Error } from './explain.ts'
import type { StoreTestStep } from './object-store.ts'
import { type Bucket, nameOf, sha256Of } from './request.ts'
import { abortUpload, putBytes } from './upload-file.ts'

type Name = StoreTestStep['name']
type Found = string | { readonly advice: string; readonly remedy: string }

/** Step by step, until one fails. What it wrote is gone afterwards, whatever happens. */
export async function* testStore(bucket: Bucket, signal?: AbortSignal): AsyncGenerator<StoreTestStep, void, void> {
  const key = `arkeeper-test/${randomUUID()}`
  const body = Buffer.from(`Arkeeper has tested this store. ${key}\n`)
  let isThere = false
  const steps: readonly [Name, () => Promise<Found>][] = [
    ['resolve', () => resolveHost(bucket)],
    ['connect', () => reach(bucket, signal)],
    ['sign', () => sign(bucket, signal)],
    [
      'write',
      async () => {
        isThere = true
        await putBytes(bucket, key, body, { signal, mayReplace: true })
        return `${body.length} bytes written`
      },
    ],
    [
      'read-back',
      async () => {
        if ((await hashObject(bucket, key, signal)) === sha256Of(body).toString('hex'))
          return 'the same bytes came back'
        throw new S3Error('OBJECT_DAMAGED', 'What was read back is not what was written', {
          remedy: 'do not use this store: it changes what it is given',
        })
      },
    ],
    ['no-overwrite', () => refuseOverwrite(bucket, key, body, signal)],
    ['unfinished-uploads', () => beginAndAbort(bucket, `${key}-parts`, signal)],
    [
      'delete',
      async () => {
        await bucket.client.send(new DeleteObjectCommand(nameOf(bucket, key)), { abortSignal: signal })
        isThere = false
        return 'the test object is gone again'
      },
    ],
    ['object-lock', () => askLock(bucket, signal)],
    ['lifecycle', () => askLifecycle(bucket, signal)],
  ]
  try {
    for (const [name, run] of steps) {
      const step = await attempt(name, run, signal)
      yield step
      if (step.outcome === 'failed') return
    }
  } finally {
    if (isThere) await bucket.client.send(new DeleteObjectCommand(nameOf(bucket, key))).catch(() => undefined)
  }
}

async function attempt(name: Name, run: () => Promise<Found>, signal?: AbortSignal): Promise<StoreTestStep> {
  try {
    const found = await run()
    if (typeof found === 'string') return { name, outcome: 'ok', message: found, remedy: null }
    return { name, outcome: 'advice', message: found.advice, remedy: found.remedy }
  } catch (error) {
    const told = toS3Error(error, `step ${name}`, signal)
    if (!isArkeeperError(told) || told.code === 'CANCELLED') throw told
    return { name, outcome: 'failed', message: told.message, remedy: told.remedy ?? null }
  }
}

async function resolveHost({ settings }: Bucket): Promise<Found> {
  const host = settings.endpoint === null ? `s3.${settings.region}.amazonaws.com` : hostOf(settings.endpoint)
  const addresses = isIP(host) ? [host] : (await lookup(host, { all: true })).map(({ address }) => address)
  const local = addresses.find(isLinkLocal)
  if (local) throw new S3Error('STORE_REFUSED', `${host} is ${local}, a link-local or metadata address`)
  return `${host} is ${addresses.slice(0, 3).join(', ')}`
}

/** Any answer will do, also one that refuses: what it says of the key is the next step. */
async function reach(bucket: Bucket, signal?: AbortSignal): Promise<Found> {
  const { settings, client } = bucket
  const isTls = settings.endpoint === null || settings.endpoint.startsWith('https:')
  try {
    await client.send(new ListObjectsV2Command({ Bucket: settings.bucket, MaxKeys: 1 }), { abortSignal: signal })
  } catch (error) {
    const told = toS3Error(error, 'connecting', signal)
    const isSilent = isArkeeperError(told) && ['STORE_UNREACHABLE', 'STORE_TLS', 'STORE_REFUSED'].includes(told.code)
    if (isSilent || !isArkeeperError(told)) throw told
  }
  if (isTls) return 'it answers, over TLS'
  return {
    advice: 'it answers, without TLS: requests are signed, but whoever is on the way can read the backups',
    remedy: 'use an https:// address outside of a network that you trust',
  }
}

async function sign({ client, settings }: Bucket, signal?: AbortSignal): Promise<Found> {
  await client.send(new ListObjectsV2Command({ Bucket: settings.bucket, Prefix: settings.prefix, MaxKeys: 1 }), {
    abortSignal: signal,
  })
  return 'the key is taken, and the bucket can be listed'
}

async function refuseOverwrite(bucket: Bucket, key: string, body: Buffer, signal?: AbortSignal): Promise<Found> {
  try {
    await putBytes({ ...bucket, settings: { ...bucket.settings, lock: 'none' } }, key, body, { signal })
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'OBJECT_EXISTS') return 'a second write of the same name is refused'
    throw error
  }
  return {
    advice: 'the store takes a second write of the same name: that there is none yet is asked before each write',
    remedy: 'let no other program write below this prefix',
  }
}

async function beginAndAbort(bucket: Bucket, key: string, signal?: AbortSignal): Promise<Found> {
  const { UploadId } = await bucket.client.send(new CreateMultipartUploadCommand(nameOf(bucket, key)), {
    abortSignal: signal,
  })
  if (UploadId === undefined) throw new S3Error('STORE_FAILED', 'The store began no upload in parts')
  await abortUpload(bucket, key, UploadId, signal)
  return 'an upload in parts can be begun and given up'
}

async function askLock({ client, settings }: Bucket, signal?: AbortSignal): Promise<Found> {
  const answer = await client
    .send(new GetObjectLockConfigurationCommand({ Bucket: settings.bucket }), { abortSignal: signal })
    .catch(() => null)
  const isOn = answer?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
  if (settings.lock === 'none') return isOn ? 'the bucket has object lock; this store does not ask for it' : 'not used'
  if (isOn) return `each object is kept for ${settings.lockDays} days (${settings.lock})`
  throw new S3Error('STORE_FAILED', 'The bucket has no object lock, and this store asks for it', {
    remedy: 'make a bucket with object lock, or switch it off here',
  })
}

async function askLifecycle({ client, settings }: Bucket, signal?: AbortSignal): Promise<Found> {
  const rules = await client
    .send(new GetBucketLifecycleConfigurationCommand({ Bucket: settings.bucket }), { abortSignal: signal })
    .then((answer) => answer.Rules ?? [])
    .catch(() => [])
  const aborts = rules.some((rule) => rule.Status === 'Enabled' && rule.AbortIncompleteMultipartUpload !== undefined)
  if (aborts) return 'a rule of the bucket removes unfinished uploads'
  return {
    advice: 'no rule of the bucket removes unfinished uploads; Arkeeper gives up its own after a day',
    remedy: 'set a lifecycle rule (AbortIncompleteMultipartUpload after 7 days) for the day when Arkeeper is gone',
  }
}
