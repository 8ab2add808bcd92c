/** Why a step does not fit the live state, or why the server would not take it. */
export type ConflictReason =
  /** A create found another znode there. */
  | 'exists'
  /** The data was written since the plan was made. */
  | 'version'
  /** The ACL was written since the plan was made. */
  | 'acl-version'
  /** The znode was deleted and created anew since the plan was made; its version may well be the same. */
  | 'recreated'
  | 'missing'
  /** What is there now belongs to a session. Never overwritten. */
  | 'ephemeral'
  | 'parent-missing'
  | 'ephemeral-parent'
  /** Children that the plan does not know keep a delete from happening. */
  | 'not-empty'
  | 'unreadable'
  | 'no-auth'
  | 'invalid-acl'
  | 'too-large'
  | 'quota'
  /** The server does not know the operation (TTL znodes switched off, an old version). */
  | 'unsupported'
  | 'refused'
  /** Other writers changed the place again and again while it was tried. */
  | 'contended'

/** What was done about it. `stopped`: nothing, the run ended there; a resume looks again. */
export type ConflictResolution = 'stopped' | 'skipped' | 'overwritten'

export interface Conflict {
  readonly index: number
  readonly path: string
  readonly reason: ConflictReason
  readonly resolution: ConflictResolution
}
