import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { connect } from './connection.ts'
import { damaged, downloadFile, hashObject, readObject } from './download-file.ts'
import { S3Error } from './errors.ts'
import { isMissing } from './explain.ts'
import type {
  ListedObject,
  ObjectStore,
  PutFileOptions,
  PutObject,
  S3Keys,
  S3Settings,
  StoredObject,
  StoreTestStep,
  UploadBook,
} from './object-store.ts'
import { type Bucket, lockOf, nameOf, sha256Of, told } from './request.ts'
import { testStore } from './test-store.ts'
import { abortUpload, exists, PART_BYTES_MIN, putBytes, uploadFile } from './upload-file.ts'

const NO_BOOK: UploadBook = {
  find: async () => null,
  keep: async () => undefined,
  forget: async () => undefined,
}

export class S3ObjectStore implements ObjectStore {
  readonly where: string
  readonly #client: S3Client
  readonly #bucket: Bucket
  readonly #partBytesMin: number

  constructor(settings: S3Settings, keys: S3Keys | null, options: { readonly partBytesMin?: number } = {}) {
    this.where = `s3://${settings.bucket}/${settings.prefix}`
    this.#client = connect(settings, keys)
    this.#bucket = { client: this.#client, settings, can: { sums: true, conditions: true } }
    this.#partBytesMin = options.partBytesMin ?? PART_BYTES_MIN
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ListedObject, void, void> {
    for await (const { contents } of this.#pages(prefix, undefined, signal)) yield* contents
  }

  async *listFolders(prefix: string, signal?: AbortSignal): AsyncGenerator<string, void, void> {
    for await (const { folders } of this.#pages(prefix, '/', signal)) yield* folders
  }

  async head(key: string, signal?: AbortSignal): Promise<StoredObject | null> {
    return told(`looking at ${key}`, signal, async () => {
      try {
        const found = await this.#client.send(new HeadObjectCommand(nameOf(this.#bucket, key)), {
          abortSignal: signal,
        })
        return { bytes: found.ContentLength ?? 0, lockedUntil: found.ObjectLockRetainUntilDate ?? null }
      } catch (error) {
        if (isMissing(error)) return null
        throw error
      }
    })
  }

  async getText(key: string, bytesMax: number, signal?: AbortSignal): Promise<string> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of readObject(this.#bucket, key, signal)) {
      bytes += chunk.length
      if (bytes > bytesMax) throw damaged(key, `it is longer than ${bytesMax} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  async putText(key: string, text: string, signal?: AbortSignal): Promise<StoredObject> {
    if ((await this.head(key, signal)) !== null) throw exists(key)
    const body = Buffer.from(text)
    await told(`writing ${key}`, signal, () => putBytes(this.#bucket, key, body, { signal }))
    return this.#confirm(key, { bytes: body.length, sha256: sha256Of(body).toString('hex'), signal })
  }

  async replaceText(key: string, text: string, signal?: AbortSignal): Promise<void> {
    const body = Buffer.from(text)
    await told(`writing ${key}`, signal, () => putBytes(this.#bucket, key, body, { signal, mayReplace: true }))
  }

  async putFile(key: string, path: string, options: PutFileOptions): Promise<PutObject> {
    const { signal } = options
    const there = await this.head(key, signal)
    if (there !== null) {
      const isSame = there.bytes === options.bytes && (await this.#hash(key, signal)) === options.sha256
      if (!isSame) throw exists(key)
      options.onProgress?.({ bytes: options.bytes, inFlight: 0 })
      return { ...there, proof: 'read-back', resumedParts: 0 }
    }
    const { isProved, resumedParts } = await told(`sending ${key}`, signal, () =>
      uploadFile(this.#bucket, key, path, { ...options, partBytesMin: this.#partBytesMin }),
    )
    const takesSums = isProved && this.#bucket.settings.proof === 'part-sums'
    const stored = await this.#confirm(key, { ...options, isProved: takesSums })
    return { ...stored, proof: takesSums ? 'part-sums' : 'read-back', resumedParts }
  }

  async replaceFile(key: string, path: string, options: Omit<PutFileOptions, 'book'>): Promise<void> {
    const { signal } = options
    const how = { book: NO_BOOK, partBytesMin: this.#partBytesMin, mayReplace: true }
    await told(`sending ${key}`, signal, () => uploadFile(this.#bucket, key, path, { ...options, ...how }))
    await this.#confirm(key, { ...options, mayReplace: true })
  }

  async getFile(key: string, path: string, options: Parameters<ObjectStore['getFile']>[2]): Promise<void> {
    await downloadFile(this.#bucket, key, path, options)
  }

  async remove(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const key of keys) {
      await told(`removing ${key}`, signal, async () => {
        try {
          await this.#client.send(new DeleteObjectCommand(nameOf(this.#bucket, key)), { abortSignal: signal })
        } catch (error) {
          if (!isMissing(error)) throw error
        }
      })
    }
  }

  async *listUploads(signal?: AbortSignal): ReturnType<ObjectStore['listUploads']> {
    const { bucket: Bucket, prefix } = this.#bucket.settings
    for (let marker: { KeyMarker?: string; UploadIdMarker?: string } = {}; ; ) {
      const page = await told('listing unfinished uploads', signal, () =>
        this.#client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix, ...marker }), {
          abortSignal: signal,
        }),
      )
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Key === undefined || UploadId === undefined || !Key.startsWith(prefix)) continue
        yield { key: Key.slice(prefix.length), uploadId: UploadId, startedAt: Initiated ?? null }
      }
      if (!page.IsTruncated || page.NextKeyMarker === undefined) return
      marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
  }

  async abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void> {
    await told(`giving up an upload of ${key}`, signal, () => abortUpload(this.#bucket, key, uploadId, signal))
  }

  test(signal?: AbortSignal): AsyncGenerator<StoreTestStep, void, void> {
    return testStore(this.#bucket, signal)
  }

  close(): void {
    this.#client.destroy()
  }

  #hash(key: string, signal?: AbortSignal): Promise<string> {
    return hashObject(this.#bucket, key, signal)
  }

  /** What lies there now is what was sent. What is not, is taken away again: no catalog will ever name it. */
  async #confirm(
    key: string,
    meant: {
      readonly bytes: number
      readonly sha256: string
      readonly isProved?: boolean
      readonly mayReplace?: boolean
      readonly signal?: AbortSignal
    },
  ): Promise<StoredObject> {
    const { signal } = meant
    const found = await this.head(key, signal)
    if (found === null) throw new S3Error('OBJECT_MISSING', `${key} was sent and is not in the store`)
    const fault =
      found.bytes !== meant.bytes
        ? `it has ${found.bytes} bytes, not ${meant.bytes}`
        : meant.isProved || (await this.#hash(key, signal)) === meant.sha256
          ? null
          : 'its SHA-256 is another one'
    if (fault === null) return meant.mayReplace ? found : this.#lock(key, found, signal)
    await this.remove([key], signal).catch(() => undefined)
    throw damaged(key, fault)
  }

  /** Where the lock that was asked for with the upload was passed over. */
  async #lock(key: string, found: StoredObject, signal: AbortSignal | undefined): Promise<StoredObject> {
    const lock = lockOf(this.#bucket.settings)
    if (lock === null || found.lockedUntil !== null) return found
    await told(`locking ${key}`, signal, () =>
      this.#client.send(
        new PutObjectRetentionCommand({
          ...nameOf(this.#bucket, key),
          Retention: { Mode: lock.mode, RetainUntilDate: lock.until },
          ChecksumAlgorithm: 'SHA256',
        }),
        { abortSignal: signal },
      ),
    )
    return { ...found, lockedUntil: lock.until }
  }

  async *#pages(prefix: string, delimiter: string | undefined, signal: AbortSignal | undefined) {
    const { bucket: Bucket, prefix: root } = this.#bucket.settings
    const whole = `${root}${prefix}`
    for (let token: string | undefined; ; ) {
      const page = await told(`listing ${prefix === '' ? 'the store' : prefix}`, signal, () =>
        this.#client.send(
          new ListObjectsV2Command({ Bucket, Prefix: whole, Delimiter: delimiter, ContinuationToken: token }),
          { abortSignal: signal },
        ),
      )
      yield {
        contents: (page.Contents ?? []).flatMap(({ Key, Size }) =>
          Key?.startsWith(root) ? [{ key: Key.slice(root.length), bytes: Size ?? 0 }] : [],
        ),
        folders: (page.CommonPrefixes ?? []).flatMap(({ Prefix }) =>
          Prefix === undefined ? [] : [Prefix.slice(whole.length).replace(/\/$/, '')],
        ),
      }
      token = page.NextContinuationToken
      if (!page.IsTruncated || token === undefined) return
    }
  }
}
