import type { CertificateFacts } from '../../base/certificates.ts'
import type { RestoreTarget, WriteOperation, WriteOutcome } from '../../domain/restore/ports.ts'
import type { Acl } from '../../domain/znode/acl.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { UnreadableZnode, ZnodeStream } from '../../domain/znode/znode.ts'
import type { ServerReports } from './server-reports.ts'

/** TLS to the servers' secureClientPort: all servers of a connect string or none. Texts in PEM form. */
export interface TlsSettings {
  /** The authorities that are trusted; null: those that Node.js brings along. */
  readonly ca: string | null
  /** Who we are, with whatever chain belongs to it; null: nobody in particular. */
  readonly cert: string | null
  /** Without a pass phrase. Only together with `cert`. */
  readonly key: string | null
  /** Whether the certificate must name the server's address as it stands in the connect string. Its authority is checked in any case. */
  readonly checkName: boolean
}

/** How to reach a cluster. `connectString` is host:port[,host:port…][/chroot]; IPv6 hosts in brackets. */
export interface ClusterTarget {
  readonly connectString: string
  readonly auth?: readonly { readonly scheme: string; readonly id: string }[]
  /** Absent or null: plain. */
  readonly tls?: TlsSettings | null
  /** Asked for; the server clamps it. Default 30,000 ms. */
  readonly sessionTimeoutMs?: number
  /** Deadline of name resolution + connect + handshake over all servers. Default 10,000 ms. */
  readonly connectTimeoutMs?: number
  /** Deadline of one request. Default 15,000 ms. */
  readonly requestTimeoutMs?: number
  /** The servers' jute.maxbuffer, bytes: the largest request that they take. Default 1,048,575, which is theirs. */
  readonly requestBytesMax?: number
}

/** What a live walk saw; complete when its stream has ended. */
export interface WalkFacts {
  readonly znodes: number
  readonly dataBytes: number
  /** zxids of the first and the last reply: equal means no write at all in between. */
  readonly zxidFrom: bigint
  readonly zxidTo: bigint
  readonly unreadable: readonly UnreadableZnode[]
  /** Paths that vanished between listing and reading. */
  readonly vanished: readonly string[]
  /** Paths that a persistent recursive watch (3.6+) saw change during the walk; null where the server has none. */
  readonly moved: readonly string[] | null
}

export interface LiveWalk {
  readonly stream: ZnodeStream
  /** Live counters for progress, cheap to call at any time. */
  progress(): { znodes: number; dataBytes: number }
  /** Only after the stream has ended. */
  facts(): WalkFacts
}

export interface WalkOptions {
  readonly signal?: AbortSignal
  readonly includeSystem?: boolean
  /** Raw sessions used for bulk reading, 1 … 16; default 8 (client-facts.md: 3–4× one session). */
  readonly sessions?: number
  /** Watch the subtree meanwhile so that facts().moved is known. Default false. */
  readonly watchMoves?: boolean
}

/** What moves below some roots, while a persistent recursive watch (3.6+) is armed. setACL fires no watch: nobody sees it. */
export interface MoveFeed {
  /** Every create, delete and setData after this zxid is seen. */
  readonly armedAt: bigint
  /**
   * Makes the server catch up with the leader, then gives each path that moved since the last call, once. The lists are whole up to `upTo`.
   * Null when the connection was lost meanwhile: what moved then is not known.
   */
  drain(options?: {
    signal?: AbortSignal
  }): Promise<{ readonly moved: readonly string[]; readonly upTo: bigint } | null>
  close(): Promise<void>
}

export type LiveEvent =
  | { readonly kind: 'children'; readonly path: string }
  | { readonly kind: 'data'; readonly path: string }
  | { readonly kind: 'created'; readonly path: string }
  | { readonly kind: 'deleted'; readonly path: string }
  /** The connection itself. `expired` is final: ephemerals and watches are gone, a new connection is needed. */
  | { readonly kind: 'connection'; readonly state: 'connected' | 'disconnected' | 'expired' | 'closed' }

/**
 * One cluster, reachable: browsing, watches and writes over node-zookeeper-client; bulk reads over raw sessions of our own codec.
 * Paths are as the client sees them (the chroot is not part of them). Every call ends with an answer or a ZooKeeperError.
 */
export interface ClusterConnection extends TreeReader, RestoreTarget {
  readonly sessionId: bigint
  /** With this, another process can end the session that this connection writes in: see `ZooKeeperPort.endSession`. */
  readonly sessionTicket: string
  /** Null where four-letter words are refused. */
  readonly serverVersion: string | null
  /** Subtree in path order with bounded memory. Throws ZnodeError NO_NODE for a root that does not exist. */
  walk(roots: readonly string[], options?: WalkOptions): LiveWalk
  /** Number of descendants; from getAllChildrenNumber (3.6+) or by counting. */
  countDescendants(path: string, options?: { signal?: AbortSignal }): Promise<number>
  /** Arms a persistent recursive watch on each root; null where the server has none. Absent: not supported by this connection. */
  followMoves?(roots: readonly string[], options?: { signal?: AbortSignal }): Promise<MoveFeed | null>
  /**
   * Opens what `readMany` of many paths uses, which is a write of the cluster: whoever compares zxids around such reads calls it before.
   * Absent: `readMany` opens nothing.
   */
  prepareReads?(options?: { signal?: AbortSignal }): Promise<void>
  /** Make this server catch up with the leader (op 9). Gives the zxid of its reply; later replies of this session are not older. */
  sync(path: string): Promise<bigint>
  /** Single guarded writes of the tree page. Sequential and ephemeral creation are for tests and samples. */
  create(input: {
    path: string
    data: Uint8Array | null
    acl: Acl
    kind: 'persistent' | 'ephemeral' | 'container' | 'ttl'
    sequential?: boolean
    ttlMs?: number
  }): Promise<WriteOutcome<{ readonly path: string }>>
  /** `deleteSubtree` style removals are planned and run as multis by the restore engine; this is one multi of any operations. */
  multi(operations: readonly WriteOperation[], options?: { signal?: AbortSignal }): ReturnType<RestoreTarget['multi']>
  /**
   * Calls back on each change under child watches of `dirs` and data watches of `znodes`, until the returned function is called.
   * Watches are re-armed by us; watch as little as is on screen.
   */
  watch(
    what: { dirs: readonly string[]; znodes: readonly string[] },
    onEvent: (event: LiveEvent) => void,
  ): Promise<() => void>
  onEvent(listener: (event: LiveEvent) => void): () => void
}

/** Steps of "test connection", in order; the first failed step ends the test. `tls` only where it is on, `identity` only for who shows one. */
export type ConnectionStepName = 'resolve' | 'connect' | 'tls' | 'handshake' | 'authenticate' | 'read-root' | 'identity'
export interface ConnectionStep {
  readonly name: ConnectionStepName
  readonly ok: boolean
  /** What was found, or why it failed and what to do. */
  readonly message: string
  readonly durationMs: number
}

export interface ServerStatus {
  readonly mode: string | null
  readonly version: string | null
  readonly zxid: bigint | null
  readonly znodeCount: number | null
  readonly connections: number | null
  readonly latencyMs: number | null
}

/** `certificate`: what the server showed, null on a plain connection. */
export interface ServerAnswer {
  readonly server: string
  readonly status: ServerStatus | null
  readonly certificate: CertificateFacts | null
  readonly error: string | null
}

/** Cause of a cluster that cannot be used now, as shown on its card. */
export type DownCause = 'resolve' | 'refused' | 'timeout' | 'tls' | 'auth' | 'session-expired' | 'not-serving' | 'other'

export interface ZooKeeperPort {
  connect(target: ClusterTarget, options?: { signal?: AbortSignal }): Promise<ClusterConnection>
  /**
   * Ends the session of a connection that another process made, by its ticket, whatever that process does: when this resolves, nothing that
   * was sent in it and is still on its way will ever be carried out. A session that is over already is as good. Throws when it cannot be told.
   */
  endSession(target: ClusterTarget, ticket: string): Promise<void>
  testConnection(target: ClusterTarget, options?: { signal?: AbortSignal }): AsyncIterable<ConnectionStep>
  /** `srvr` of each server, in parallel, at most 3 s; null where it does not answer or refuses the word. */
  serverStatus(target: ClusterTarget): Promise<readonly ServerAnswer[]>
  readonly reports: ServerReports
}
