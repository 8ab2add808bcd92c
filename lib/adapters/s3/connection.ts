import { lookup } from 'node:dns'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import { isLinkLocal } from '../log/outbound.ts'
import { S3Error } from './errors.ts'
import type { S3Keys, S3Settings } from './object-store.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** Without a byte in either direction. */
const SILENCE_TIMEOUT_MS = 60_000
const ATTEMPTS_MAX = 5
const SOCKETS_MAX = 16

export function connect(settings: S3Settings, keys: S3Keys | null): S3Client {
  const host = settings.endpoint === null ? '' : hostOf(settings.endpoint)
  if (isIP(host) && isLinkLocal(host)) throw refused(host, host)
  const common = { keepAlive: true, maxSockets: SOCKETS_MAX, lookup: guardedLookup }
  return new S3Client({
    region: settings.region,
    ...(settings.endpoint === null ? {} : { endpoint: settings.endpoint }),
    ...(keys === null ? {} : { credentials: { ...keys } }),
    forcePathStyle: settings.pathStyle,
    maxAttempts: ATTEMPTS_MAX,
    // With the SDK's default, servers that do not know its framing store it as part of the object.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      httpAgent: new HttpAgent(common),
      httpsAgent: new HttpsAgent({ ...common, ...(settings.ca === null ? {} : { ca: settings.ca }) }),
    },
  })
}

export function hostOf(endpoint: string): string {
  return new URL(endpoint).hostname.replace(/^\[|\]$/g, '')
}

/** Asked at every connection, so that a name that changes its address is no way around it. Private addresses are where MinIO lives. */
const guardedLookup: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0)
    const local = addresses.find(({ address }) => isLinkLocal(address))
    if (local) return callback(refused(host, local.address), '', 0)
    if (options.all) return callback(null, addresses)
    const [first] = addresses
    callback(null, first?.address ?? '', first?.family ?? 4)
  })
}

function refused(host: string, address: string): S3Error {
  return new S3Error('STORE_REFUSED', `${host} is ${address}, a link-local or metadata address`, {
    unaffected: 'nothing was sent there',
    remedy: 'give the address of the store',
  })
}
