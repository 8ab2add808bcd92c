export interface S3Settings {
  /** http(s)://host[:port]; null: Amazon's own for the region. */
  readonly endpoint: string | null
  readonly region: string
  readonly bucket: string
  /** Empty, or ending in a slash. */
  readonly prefix: string
  /** The bucket in the path instead of in the host's name. */
  readonly pathStyle: boolean
  /** PEM; null trusts the authorities that Node.js brings along. */
  readonly ca: string | null
  readonly encryption: 'none' | 'AES256' | 'aws:kms'
  readonly kmsKeyId: string | null
  readonly storageClass: string | null
  readonly lock: 'none' | 'governance' | 'compliance'
  readonly lockDays: number
  /** What is asked for after an upload; where sums of parts prove nothing, all is read back. */
  readonly proof: 'read-back' | 'part-sums'
}

export interface S3Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface ListedObject {
  /** Below the store's prefix. */
  readonly key: string
  readonly bytes: number
}

export interface StoredObject {
  readonly bytes: number
  readonly lockedUntil: Date | null
}

/** What an upload in parts leaves behind, so that another try finds it. */
export interface UnfinishedUpload {
  readonly uploadId: string
  readonly partBytes: number
  readonly bytes: number
  readonly sha256: string
}

/** Uploads under way, by key, kept where every host finds them. */
export interface UploadBook {
  find(key: string): Promise<UnfinishedUpload | null>
  keep(key: string, upload: UnfinishedUpload): Promise<void>
  forget(key: string): Promise<void>
}

export interface PutFileOptions {
  readonly bytes: number
  /** Hex; what is read of the file is held against it. */
  readonly sha256: string
  readonly book: UploadBook
  readonly signal?: AbortSignal
  /** Bytes that are there, of this file; `inFlight`: parts that are held in memory. */
  readonly onProgress?: (done: { readonly bytes: number; readonly inFlight: number }) => void
}

export interface PutObject extends StoredObject {
  readonly proof: 'read-back' | 'part-sums'
  /** Parts that an earlier try had sent already. */
  readonly resumedParts: number
}

/** A step of a test of the store, in order; the first that fails is the last. */
export interface StoreTestStep {
  readonly name:
    | 'resolve'
    | 'connect'
    | 'sign'
    | 'write'
    | 'read-back'
    | 'delete'
    | 'no-overwrite'
    | 'object-lock'
    | 'unfinished-uploads'
    | 'lifecycle'
  /** `advice`: works, and could be better. */
  readonly outcome: 'ok' | 'advice' | 'failed'
  readonly message: string
  readonly remedy: string | null
}

/** What the file must be; it is checked while it comes. */
export interface GetFileOptions {
  readonly bytes: number
  readonly sha256: string
  readonly signal?: AbortSignal
  readonly onProgress?: (bytes: number) => void
}

/** One bucket below one prefix. Keys are given and taken without the prefix. Nothing is ever overwritten, but by `replaceText`. */
export interface ObjectStore {
  /** `s3://bucket/prefix`, for people. */
  readonly where: string
  /** In order of keys. */
  list(prefix: string, signal?: AbortSignal): AsyncGenerator<ListedObject, void, void>
  /** Names of the folders directly below a prefix that is empty or ends in a slash. */
  listFolders(prefix: string, signal?: AbortSignal): AsyncGenerator<string, void, void>
  /** Null: it is not there. */
  head(key: string, signal?: AbortSignal): Promise<StoredObject | null>
  /** Throws OBJECT_MISSING, and OBJECT_DAMAGED for one that is longer than may be. */
  getText(key: string, bytesMax: number, signal?: AbortSignal): Promise<string>
  /** Throws OBJECT_EXISTS when there is something of that name. Read back. */
  putText(key: string, text: string, signal?: AbortSignal): Promise<StoredObject>
  /** In place of what is there. Never under object lock: it may have to change. */
  replaceText(key: string, text: string, signal?: AbortSignal): Promise<void>
  /** An object with these very bytes is taken for an earlier try of the same; another one is OBJECT_EXISTS. */
  putFile(key: string, path: string, options: PutFileOptions): Promise<PutObject>
  /** In place of what is there, for files that grow until they are full. Read back. */
  replaceFile(key: string, path: string, options: Omit<PutFileOptions, 'book'>): Promise<void>
  /** Into a new file, checked. Goes on where a connection breaks. */
  getFile(key: string, path: string, options: GetFileOptions): Promise<void>
  /** Missing ones are as good as removed. Throws STORE_LOCKED or STORE_DENIED. */
  remove(keys: readonly string[], signal?: AbortSignal): Promise<void>
  listUploads(
    signal?: AbortSignal,
  ): AsyncGenerator<{ readonly key: string; readonly uploadId: string; readonly startedAt: Date | null }, void, void>
  abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void>
  /** Writes, reads and deletes an object of its own. */
  test(signal?: AbortSignal): AsyncGenerator<StoreTestStep, void, void>
  close(): void
}

export interface ObjectStorePort {
  /** Throws STORE_REFUSED for an address that must not be asked; nothing is sent. Close it. */
  open(settings: S3Settings, keys: S3Keys | null): Promise<ObjectStore>
}
