import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { throwIfAborted } from '../../base/errors.ts'
import { S3Error } from './errors.ts'
import { isMissing, isNoSuchUpload, isNotImplemented, isPreconditionFailed } from './explain.ts'
import type { PutFileOptions } from './object-store.ts'
import { type Bucket, md5Of, nameOf, placementOf, sha256Of, withAbilities } from './request.ts'

const MEBIBYTE = 1 << 20
/** S3 takes no more parts of one object. */
const PARTS_MAX = 10_000
/** Parts on their way at once; each is held in memory as a whole. */
export const PARTS_AT_ONCE = 3
export const PART_BYTES_MIN = 8 * MEBIBYTE

/** The least size with which the parts suffice, in whole MiB. */
export function partBytesFor(bytes: number, least: number = PART_BYTES_MIN): number {
  return Math.max(least, Math.ceil(bytes / PARTS_MAX / MEBIBYTE) * MEBIBYTE)
}

interface SentPart {
  readonly PartNumber: number
  readonly ETag: string | undefined
  readonly ChecksumSHA256?: string
}

export interface Uploaded {
  readonly resumedParts: number
  /** The server has checked a SHA-256 of each part, and says the same of the whole as we do. */
  readonly isProved: boolean
}

interface UploadOptions extends PutFileOptions {
  readonly partBytesMin: number
  /** It may take the place of another object, and of itself later: no condition, no lock. */
  readonly mayReplace?: boolean
}

/**
 * A file as one object, in parts when it is large: never more of it in memory than `PARTS_AT_ONCE` parts. What an earlier try has sent, and
 * whose sum fits the file, is not sent again. The file's own SHA-256 is asked for before the object appears.
 */
export async function uploadFile(bucket: Bucket, key: string, path: string, options: UploadOptions): Promise<Uploaded> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size !== options.bytes) throw changed(path, `it has ${size} bytes, not ${options.bytes}`)
    const partBytes = partBytesFor(size, options.partBytesMin)
    if (size <= partBytes) return await uploadWhole(bucket, key, { file, path }, options)
    const run = () => withAbilities(bucket, () => uploadParts(bucket, key, { file, path }, options, partBytes))
    const goesOn = (await options.book.find(key)) !== null
    return await run().catch(async (error: unknown) => {
      // Some servers say only at the very end that they do not know the upload that was gone on with.
      if (!goesOn || !isGone(error)) throw error
      await options.book.forget(key)
      return run()
    })
  } finally {
    await file.close()
  }
}

async function uploadWhole(
  bucket: Bucket,
  key: string,
  { file, path }: { readonly file: FileHandle; readonly path: string },
  options: UploadOptions,
): Promise<Uploaded> {
  const body = await readPart(file, 0, options.bytes)
  const sum = sha256Of(body)
  if (sum.toString('hex') !== options.sha256) throw changed(path, 'its SHA-256 is another one')
  const isProved = await putBytes(bucket, key, body, options)
  options.onProgress?.({ bytes: options.bytes, inFlight: 1 })
  return { resumedParts: 0, isProved }
}

/** True when the server has checked the SHA-256. Throws OBJECT_EXISTS where it knows conditions. */
export async function putBytes(
  bucket: Bucket,
  key: string,
  body: Uint8Array,
  { signal, mayReplace = false }: { readonly signal?: AbortSignal; readonly mayReplace?: boolean },
): Promise<boolean> {
  const sum = sha256Of(body).toString('base64')
  try {
    return await withAbilities(bucket, async ({ sums, conditions }) => {
      const stored = await bucket.client.send(
        new PutObjectCommand({
          ...nameOf(bucket, key),
          ...placementOf(bucket, mayReplace),
          Body: body,
          ContentMD5: md5Of(body).toString('base64'),
          ...(sums ? { ChecksumSHA256: sum } : {}),
          ...(conditions && !mayReplace ? { IfNoneMatch: '*' } : {}),
        }),
        { abortSignal: signal },
      )
      return sums && stored.ChecksumSHA256 === sum
    })
  } catch (error) {
    throw isPreconditionFailed(error) ? exists(key, error) : error
  }
}

async function uploadParts(
  bucket: Bucket,
  key: string,
  { file, path }: { readonly file: FileHandle; readonly path: string },
  options: UploadOptions,
  partBytes: number,
): Promise<Uploaded> {
  const { bytes, sha256, book, signal, onProgress } = options
  const { sums } = bucket.can
  const upload = await findOrBegin(bucket, key, options, partBytes)
  const parts: SentPart[] = []
  const hash = createHash('sha256')
  const sent = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | null = null
  let done = 0
  let resumedParts = 0
  const stop = new AbortController()
  const abortSignal = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal

  const send = async (number: number, body: Buffer, sum: Buffer) => {
    const checksum = sums ? { ChecksumSHA256: sum.toString('base64') } : {}
    const answer = await bucket.client.send(
      new UploadPartCommand({
        ...nameOf(bucket, key),
        UploadId: upload.uploadId,
        PartNumber: number,
        Body: body,
        ContentMD5: md5Of(body).toString('base64'),
        ...checksum,
      }),
      { abortSignal },
    )
    parts.push({ PartNumber: number, ETag: answer.ETag, ...checksum })
    done += body.length
  }
  try {
    for (let offset = 0, number = 1; offset < bytes && failure === null; offset += partBytes, number++) {
      throwIfAborted(signal)
      const body = await readPart(file, offset, Math.min(partBytes, bytes - offset))
      hash.update(body)
      const sum = sha256Of(body)
      const known = upload.parts.get(number)
      if (known && isSamePart(known, body, sum, sums)) {
        parts.push({
          PartNumber: number,
          ETag: known.ETag,
          ...(sums ? { ChecksumSHA256: sum.toString('base64') } : {}),
        })
        done += body.length
        resumedParts++
        onProgress?.({ bytes: done, inFlight: sent.size })
        continue
      }
      const sending = send(number, body, sum)
        .then(() => onProgress?.({ bytes: done, inFlight: sent.size }))
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => sent.delete(sending))
      sent.add(sending)
      onProgress?.({ bytes: done, inFlight: sent.size })
      if (sent.size >= PARTS_AT_ONCE) await Promise.race(sent)
    }
  } finally {
    if (failure !== null) stop.abort()
    await Promise.all(sent)
  }
  // Asked for anew: the compiler does not see that the callbacks above set it.
  const broken = failure as { readonly error: unknown } | null
  if (broken !== null) {
    if (isGone(broken.error)) await book.forget(key)
    // Begun with what the server turned out not to know: another try begins another one.
    if (isNotImplemented(broken.error)) await giveUp(bucket, key, upload.uploadId, options)
    throw broken.error
  }
  if (hash.digest('hex') !== sha256) {
    await giveUp(bucket, key, upload.uploadId, options)
    throw changed(path, 'its SHA-256 is another one')
  }
  parts.sort((a, b) => a.PartNumber - b.PartNumber)
  await complete(bucket, key, upload.uploadId, parts, options)
  await book.forget(key)
  return { resumedParts, isProved: sums && (await saysTheSame(bucket, key, parts, signal)) }
}

interface KnownPart {
  readonly Size?: number | undefined
  readonly ETag?: string | undefined
  readonly ChecksumSHA256?: string | undefined
}

/** By the sum that the server keeps; its ETag is the MD5 where it encrypts with no key of its own. */
function isSamePart(known: KnownPart, body: Buffer, sum: Buffer, sums: boolean): boolean {
  if (known.Size !== body.length) return false
  if (known.ChecksumSHA256 !== undefined) return known.ChecksumSHA256 === sum.toString('base64')
  return !sums && known.ETag?.replaceAll('"', '') === md5Of(body).toString('hex')
}

async function findOrBegin(
  bucket: Bucket,
  key: string,
  { book, bytes, sha256, signal, mayReplace }: UploadOptions,
  partBytes: number,
): Promise<{ readonly uploadId: string; readonly parts: ReadonlyMap<number, KnownPart> }> {
  const known = await book.find(key)
  if (known) {
    const isSame = known.sha256 === sha256 && known.bytes === bytes && known.partBytes === partBytes
    const parts = isSame ? await listParts(bucket, key, known.uploadId, signal) : null
    if (parts !== null) return { uploadId: known.uploadId, parts }
    await abortUpload(bucket, key, known.uploadId, signal)
    await book.forget(key)
  }
  const { sums } = bucket.can
  const { UploadId } = await bucket.client.send(
    new CreateMultipartUploadCommand({
      ...nameOf(bucket, key),
      ...placementOf(bucket, mayReplace),
      ...(sums ? { ChecksumAlgorithm: 'SHA256' } : {}),
    }),
    { abortSignal: signal },
  )
  if (UploadId === undefined) throw new S3Error('STORE_FAILED', `The store began no upload of ${key}`)
  await book.keep(key, { uploadId: UploadId, partBytes, bytes, sha256 })
  return { uploadId: UploadId, parts: new Map() }
}

/** Null: the upload is not known there any more. */
async function listParts(
  bucket: Bucket,
  key: string,
  uploadId: string,
  signal: AbortSignal | undefined,
): Promise<Map<number, KnownPart> | null> {
  const parts = new Map<number, KnownPart>()
  for (let marker: string | undefined; ; ) {
    try {
      const page = await bucket.client.send(
        new ListPartsCommand({ ...nameOf(bucket, key), UploadId: uploadId, PartNumberMarker: marker }),
        { abortSignal: signal },
      )
      for (const part of page.Parts ?? []) if (part.PartNumber !== undefined) parts.set(part.PartNumber, part)
      if (!page.IsTruncated || page.NextPartNumberMarker === undefined) return parts
      marker = page.NextPartNumberMarker
    } catch (error) {
      if (isNoSuchUpload(error)) return null
      throw error
    }
  }
}

async function complete(
  bucket: Bucket,
  key: string,
  uploadId: string,
  parts: readonly SentPart[],
  options: UploadOptions,
): Promise<void> {
  try {
    await bucket.client.send(
      new CompleteMultipartUploadCommand({
        ...nameOf(bucket, key),
        UploadId: uploadId,
        MultipartUpload: { Parts: [...parts] },
        ...(bucket.can.conditions && !options.mayReplace ? { IfNoneMatch: '*' } : {}),
      }),
      { abortSignal: options.signal },
    )
  } catch (error) {
    if (isPreconditionFailed(error)) {
      await giveUp(bucket, key, uploadId, options)
      throw exists(key, error)
    }
    // The answer to the first of two tries was lost, maybe: whether it is the right object is proved afterwards.
    if (!isGone(error) || !(await isThere(bucket, key, options.signal))) throw error
  }
}

/** `<SHA-256 of the parts' sums>-<parts>` is what a server that keeps sums says of the whole. */
async function saysTheSame(
  bucket: Bucket,
  key: string,
  parts: readonly SentPart[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const head = await bucket.client.send(new HeadObjectCommand({ ...nameOf(bucket, key), ChecksumMode: 'ENABLED' }), {
    abortSignal: signal,
  })
  const sums = parts.map(({ ChecksumSHA256 }) => Buffer.from(ChecksumSHA256 ?? '', 'base64'))
  const whole = sha256Of(Buffer.concat(sums)).toString('base64')
  return head.ChecksumSHA256?.replace(/-\d+$/, '') === whole
}

const isGone = (error: unknown) => isNoSuchUpload(error) || isMissing(error)

async function isThere(bucket: Bucket, key: string, signal: AbortSignal | undefined): Promise<boolean> {
  const head = bucket.client.send(new HeadObjectCommand(nameOf(bucket, key)), { abortSignal: signal })
  return head.then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false
      throw error
    },
  )
}

async function giveUp(bucket: Bucket, key: string, uploadId: string, { book, signal }: PutFileOptions): Promise<void> {
  await abortUpload(bucket, key, uploadId, signal)
  await book.forget(key)
}

/** One that is not known any more is as good as aborted. */
export async function abortUpload(
  bucket: Bucket,
  key: string,
  uploadId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await bucket.client.send(new AbortMultipartUploadCommand({ ...nameOf(bucket, key), UploadId: uploadId }), {
      abortSignal: signal,
    })
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

async function readPart(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const body = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(body, at, length - at, offset + at)
    if (bytesRead === 0) throw changed('the file', 'it became shorter while it was read')
    at += bytesRead
  }
  return body
}

export function exists(key: string, cause?: unknown): S3Error {
  return new S3Error('OBJECT_EXISTS', `${key} is in the store already, with other content`, {
    cause,
    unaffected: 'what lies there was not touched',
  })
}

function changed(path: string, how: string): S3Error {
  return new S3Error('FILE_CHANGED', `${path} is not the file that was to be sent: ${how}`, {
    unaffected: 'nothing of it appears in the store',
    remedy: 'check the disk of this machine, then try again',
  })
}
