import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { throwIfAborted } from '../../base/errors.ts'
import { S3Error } from './errors.ts'
import { toS3Error } from './explain.ts'
import type { GetFileOptions } from './object-store.ts'
import { type Bucket, nameOf } from './request.ts'

/** Connections that may break without a byte between them. */
const BREAKS_MAX = 4

/** An object from its first byte to its last; where a connection breaks, from there on. */
export async function* readObject(
  bucket: Bucket,
  key: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  let at = 0
  let total: number | null = null
  let etag: string | undefined
  for (let breaks = 0; total === null || at < total; ) {
    throwIfAborted(signal)
    try {
      const answer = await bucket.client.send(
        new GetObjectCommand({
          ...nameOf(bucket, key),
          ...(at > 0 ? { Range: `bytes=${at}-`, IfMatch: etag } : {}),
        }),
        { abortSignal: signal },
      )
      etag = answer.ETag
      total ??= answer.ContentLength ?? null
      // In Node.js the body is a stream of bytes.
      for await (const chunk of answer.Body as unknown as AsyncIterable<Uint8Array>) {
        at += chunk.length
        breaks = 0
        yield chunk
      }
      if (total === null || at >= total) return
      throw new S3Error('STORE_FAILED', `${key} ended after ${at} of ${total} bytes`)
    } catch (error) {
      const isBreak = at > 0 && !signal?.aborted && ++breaks <= BREAKS_MAX
      if (!isBreak) throw toS3Error(error, `reading ${key}`, signal)
    }
  }
}

export async function downloadFile(bucket: Bucket, key: string, path: string, options: GetFileOptions): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of readObject(bucket, key, options.signal)) {
      bytes += chunk.length
      if (bytes > options.bytes) throw damaged(key, `it is longer than ${options.bytes} bytes`)
      hash.update(chunk)
      await file.writeFile(chunk)
      options.onProgress?.(bytes)
    }
    if (bytes !== options.bytes) throw damaged(key, `it has ${bytes} bytes, not ${options.bytes}`)
    if (hash.digest('hex') !== options.sha256) throw damaged(key, 'its SHA-256 is another one')
    await file.sync()
  } finally {
    await file.close()
  }
}

/** SHA-256 of what lies there, in hex. */
export async function hashObject(bucket: Bucket, key: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of readObject(bucket, key, signal)) hash.update(chunk)
  return hash.digest('hex')
}

export function damaged(key: string, how: string): S3Error {
  return new S3Error('OBJECT_DAMAGED', `${key} in the store is not as it was meant: ${how}`, {
    remedy: 'use a copy in another store',
  })
}
