import type { AdminObject } from './internal/parse-admin-json.ts'

export type { AdminJson, AdminObject } from './internal/parse-admin-json.ts'

/** Who we say we are: `Authorization: <scheme> <auth>`. Only snapshot and restore (3.9+) look at it. */
export type AdminAuth =
  /** `user:password` in clear text: use https. */
  | { readonly scheme: 'digest'; readonly id: string }
  /** The address that we come from. */
  | { readonly scheme: 'ip' }
  /** The client certificate of the TLS connection. */
  | { readonly scheme: 'x509' }

/** One server's AdminServer. `url` is its base, `http://host:8080`; the commands lie below `/commands/`. */
export interface AdminTarget {
  readonly url: string
  readonly auth?: AdminAuth | null
  /** PEM texts. Without `ca` the system's authorities are trusted; a certificate is always checked. */
  readonly tls?: { readonly ca?: string | null; readonly cert?: string | null; readonly key?: string | null } | null
}

export interface AdminSnapshot {
  /** From the header `last_zxid`, which is also the file's name: the last zxid applied when writing began. */
  readonly lastZxid: bigint
  /** From the header `snapshot_size`: bytes of the file as it is sent, compressed or not. */
  readonly bytes: number
  /** The file as it is. Throws ADMIN_INCOMPLETE at its end when it was cut short, and ADMIN_TIMEOUT after a minute of silence. */
  readonly body: AsyncIterable<Uint8Array>
}

export interface AdminOptions {
  readonly signal?: AbortSignal
  /** Deadline of the whole answer of a command, or of the head of a snapshot. Defaults 5 s and 10 min. */
  readonly timeoutMs?: number
}

/** ZooKeeper's AdminServer (3.5+): commands by HTTP, snapshot and restore of 3.9+. Holds no state; nothing is asked twice. */
export interface AdminServerPort {
  /**
   * One command's answer. Throws AdminServerError: ADMIN_UNSUPPORTED for a command this version does not know,
   * ADMIN_REFUSED for an answer with an `error`, ADMIN_DENIED, ADMIN_RATE_LIMITED, ADMIN_DISABLED by HTTP status.
   */
  ask(target: AdminTarget, command: string, options?: AdminOptions): Promise<AdminObject>
  /** Makes the server write a snapshot into its data directory and send it (3.9+). Does not roll its log. */
  takeSnapshot(target: AdminTarget, options?: AdminOptions): Promise<AdminSnapshot>
  /**
   * Replaces the tree of this one server, in its memory only, by an uncompressed snapshot (3.9+); see zookeeper's `restore` command.
   * Gives the server's last zxid afterwards. Refused bytes leave the server as it was.
   */
  restore(
    target: AdminTarget,
    snapshot: { readonly bytes: number; readonly body: AsyncIterable<Uint8Array> },
    options?: AdminOptions,
  ): Promise<{ readonly lastZxid: bigint }>
}
