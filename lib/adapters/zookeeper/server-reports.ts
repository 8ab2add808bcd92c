import type { ClusterTarget } from './connection.ts'

/** What one server said to a four-letter word. `cut`: there was more than we take, and what is there is a part. */
export type ServerReport<T> = { readonly server: string } & (
  | { readonly kind: 'told'; readonly value: T; readonly cut: boolean }
  /** Its 4lw.commands.whitelist leaves the word out: nothing is known. */
  | { readonly kind: 'not-allowed'; readonly word: string }
  /** Not asked for, because the answer would hold the server up: it has this many. */
  | { readonly kind: 'too-many'; readonly total: number }
  | { readonly kind: 'failed'; readonly message: string }
)

export type ReportTarget = Pick<ClusterTarget, 'connectString' | 'tls'>

export interface ReportOptions {
  readonly signal?: AbortSignal
  /** Deadline of each word of a server. Default 3 s. */
  readonly timeoutMs?: number
  /** Bytes taken of one answer. Default 8 MiB. */
  readonly bytesMax?: number
}

/** By absolute path, without the chroot of anybody: sessions with a watch on data or existence. No server lists watches on children. */
export type WatchesByPath = ReadonlyMap<string, readonly bigint[]>
/** By session: absolute paths of its ephemerals. */
export type EphemeralsBySession = ReadonlyMap<bigint, readonly string[]>
/** By session: the address it is connected from. */
export type AddressesBySession = ReadonlyMap<bigint, string>

/** What `mntr` and `srvr` told together, under the keys of `mntr`; `mntrAllowed`: whether the whitelist has it. */
export interface HealthWords {
  readonly told: Readonly<Record<string, string>>
  readonly mntrAllowed: boolean
}

export type HealthReport = { readonly server: string } & (
  | ({ readonly kind: 'told' } & HealthWords)
  /** `code`: of a ZooKeeperError, NOT_ALLOWED where the whitelist has neither word. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
)

/**
 * Questions to each server of a connect string by four-letter words, all servers in parallel. Nothing is thrown: a server that cannot be
 * asked is told as such. Watches and connections are those of one server; only all of them together are the cluster's.
 */
export interface ServerReports {
  /** `wchs`, then `wchp` unless there are more than `pathsMax` watched paths: the server holds its watches still while it lists them. */
  watches(target: ReportTarget, options: ReportOptions & { pathsMax: number }): Promise<ServerReport<WatchesByPath>[]>
  /** `dump`. Any one server knows all ephemerals. */
  ephemerals(target: ReportTarget, options?: ReportOptions): Promise<ServerReport<EphemeralsBySession>[]>
  /** `cons`. */
  addresses(target: ReportTarget, options?: ReportOptions): Promise<ServerReport<AddressesBySession>[]>
  /** `mntr`, and `srvr` for the zxid: one connection to a server at a time, and no second one to a server that failed the first. */
  health(target: ReportTarget, options?: ReportOptions): Promise<HealthReport[]>
  /** `conf`: settings and members as text. */
  configurations(target: ReportTarget, options?: ReportOptions): Promise<ServerReport<string>[]>
}
