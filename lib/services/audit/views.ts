export interface AuditEntryView {
  readonly id: number
  readonly at: string
  readonly actorName: string
  /** `entity.verb`, e.g. `znode.set-data`, `restore.confirm`, `session.sign-in`. */
  readonly action: string
  readonly clusterName: string | null
  readonly path: string | null
  readonly reason: string | null
  /** Versions and counts, never values. */
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
  readonly outcome: 'started' | 'ok' | 'denied' | 'failed'
  readonly message: string | null
  /** Place in the chain and hash; null for an entry from before there was one. */
  readonly sequence: number | null
  readonly hash: string | null
}
