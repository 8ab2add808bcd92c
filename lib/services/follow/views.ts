import type { ErrorView } from '../error-view.ts'

/** Transactions that the stream has missed: both ends included. zxids are hex strings, times ISO strings. */
export interface FollowGapView {
  readonly from: string
  readonly to: string
  /** When the last one before was made, where that is known, and when the stream went on. */
  readonly fromAt: string | null
  readonly toAt: string
  readonly why: string
  /** False: whether anything is missing cannot be told. */
  readonly isCertain: boolean
  /** Since when other logs hold them. */
  readonly closedAt: string | null
}

export type FollowState =
  /** Nobody has switched it on. */
  | 'off'
  /** No worker has taken it up yet. */
  | 'waiting'
  /** Looking for the leader. */
  | 'connecting'
  /** All that was missing is being received. */
  | 'catching-up'
  /** Every transaction is kept within about a second. */
  | 'following'
  /** It is heard, and later than was set. */
  | 'behind'
  /** The connection is gone; it is tried again. */
  | 'lost'
  /** What is heard cannot be written; it is tried again every few seconds. */
  | 'held'
  /** No wait mends it: somebody has to do something. */
  | 'refused'

export interface QuorumCertificateView {
  readonly of: 'client' | 'authority' | 'server'
  readonly subject: string
  /** As of now, in words. */
  readonly expiry: string
  readonly endsSoon: boolean
}

export interface FollowSettingsView {
  readonly enabled: boolean
  /** One a line. */
  readonly quorumServers: string
  readonly tlsMode: 'off' | 'cluster' | 'own'
  readonly tlsCa: string | null
  readonly tlsCert: string | null
  readonly hasTlsKey: boolean
  /** Our own, then the authorities, then what the member showed that was heard last. */
  readonly tlsCertificates: readonly QuorumCertificateView[]
  readonly tlsCheckName: boolean
  readonly baseHours: number
  readonly lagSecondsMax: number
  readonly revision: number
  readonly enabledByName: string | null
  readonly enabledAt: string | null
}

/** How far the log of a followed cluster reaches at one place: what is left when all other places are lost. */
export interface KeptPlaceView {
  /** Null: the host that hears the stream. */
  readonly storeId: string | null
  readonly name: string
  /** The last transaction that is there without a hole before it, and when it was made. */
  readonly through: string | null
  readonly at: string | null
  /** From there to the last transaction that is kept anywhere; 0: all is there. Null: not known. */
  readonly behindMs: number | null
  /** Bases of the stream that are there. */
  readonly bases: number
  readonly error: ErrorView | null
}

/** How the stream of a cluster goes. zxids are hex strings, times ISO strings. */
export interface FollowView {
  readonly clusterId: string
  readonly state: FollowState
  readonly stateSince: string | null
  readonly settings: FollowSettingsView
  /** host:port of the server that it is heard from. */
  readonly peer: string | null
  readonly connectedAt: string | null
  readonly heardAt: string | null
  readonly lastZxid: string | null
  /** By the leader's clock. */
  readonly lastTxnAt: string | null
  readonly lagMs: number | null
  /** Transactions a second, over the last minute. */
  readonly rate: number | null
  /** Since it was switched on. */
  readonly transactions: number
  readonly digest: {
    readonly state: 'unknown' | 'equal' | 'parted' | 'none'
    readonly zxid: string | null
    readonly at: string | null
    readonly compared: number
  }
  readonly base: { readonly zxid: string; readonly at: string } | null
  /** How far what is kept reaches, place by place; the host that hears the stream first. */
  readonly places: readonly KeptPlaceView[]
  readonly error: ErrorView | null
  /** The last that is kept, where the ensemble denies it: put back to an older state, or another one. */
  readonly denied: string | null
  readonly gaps: readonly FollowGapView[]
  readonly tested: { readonly at: string; readonly report: QuorumTestView } | null
}

/** What the try of a quorum port found, address by address. */
export interface QuorumTestView {
  readonly ok: boolean
  readonly servers: readonly {
    readonly server: string
    readonly ok: boolean
    readonly code: string
    /** What it means, and what to do. */
    readonly message: string
  }[]
}
