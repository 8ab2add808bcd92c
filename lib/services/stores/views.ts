import type { StoreTestStep } from '../../adapters/s3/object-store.ts'

export interface StoreView {
  readonly id: string
  readonly name: string
  readonly kind: 'folder' | 's3'
  /** The folder, or `s3://bucket/prefix`. */
  readonly where: string
  readonly note: string
  readonly isBuiltIn: boolean
  /** What a form shows; never a secret. */
  readonly settings: Readonly<Record<string, string | number | boolean | null>>
  /** Of a bucket: the key's id; null: the machine's own credentials. */
  readonly accessKeyId: string | null
  /** In the catalog, first places and copies. */
  readonly backups: number
  readonly copies: number
  readonly catalogBytes: number
  readonly missing: number
  /** Clusters that put or copy their backups there. */
  readonly clusters: readonly string[]
  /** What lay there at the last rescan, in the catalog or not. */
  readonly counted: { readonly at: string; readonly archives: number; readonly bytes: number } | null
  readonly rescan: {
    readonly at: string
    readonly added: number
    readonly missing: number
    readonly damaged: readonly { readonly dir: string; readonly message: string }[]
    /** Why it came to no end; null: it did. */
    readonly fault: string | null
  } | null
  readonly test: StoreTestView | null
}

export interface StoreTestView {
  readonly at: string
  readonly ok: boolean
  readonly steps: readonly StoreTestStep[]
}

export type StoredProof = 'read-back' | 'part-sums'

/** Where a backup lies: first the place that it was put first in. */
export interface BackupPlaceView {
  readonly storeId: string
  readonly storeName: string
  readonly isFirst: boolean
  /** Empty where it is not there yet, and to whoever does not see the stores. */
  readonly where: string
  readonly state: 'queued' | 'copying' | 'present' | 'failed' | 'missing'
  /** When it was put there. */
  readonly at: string | null
  readonly storedProof: StoredProof | null
  readonly lockedUntil: string | null
  readonly verifiedAt: string | null
  readonly verifyOk: boolean | null
  /** Why the last try failed. */
  readonly error: string | null
  readonly jobId: string | null
}

export interface ClusterStoresView {
  readonly storeId: string
  readonly copies: readonly { readonly storeId: string; readonly what: 'all' | 'scheduled' }[]
}
