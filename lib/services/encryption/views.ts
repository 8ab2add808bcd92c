export type EncryptionMode = 'default' | 'own' | 'off'

export interface RecipientView {
  readonly id: string
  readonly recipient: string
  readonly label: string
  readonly isForAll: boolean
  readonly provedAt: string | null
  readonly provedByName: string | null
  /** Where the private key is right now; null: not here, as it should be unless something is to be read. */
  readonly heldBy: 'machine' | 'unlock' | null
}

export interface UnlockView {
  readonly id: string
  readonly recipient: string
  readonly endsAt: string
  readonly byName: string
}

/** Where the private key is with which the safety backup of a restore could be read for its undo. */
export interface UndoKeyView {
  readonly recipients: readonly string[]
  readonly at: 'machine' | 'unlock' | 'nowhere'
  readonly until: string | null
}

/** What still needs a key: whoever destroys it loses that. */
export interface KeyNeedView {
  readonly recipient: string
  readonly label: string
  /** Backups that are encrypted to it, and those of them that nobody else can open. */
  readonly backups: number
  readonly onlyByIt: number
  readonly logPieces: number
  /** In other stores, of backups that were encrypted anew since. */
  readonly formerCopies: number
  /** New archives are encrypted to it. */
  readonly isCurrent: boolean
}

export interface EncryptionView {
  readonly mode: EncryptionMode
  /** Keys of this cluster, and those for all clusters. */
  readonly own: readonly RecipientView[]
  readonly forAll: readonly RecipientView[]
  /** Public keys that the next backup is encrypted to; empty: it is not encrypted. */
  readonly effective: readonly string[]
  /** None of the effective keys was ever proved to be held by anybody. */
  readonly isUnproved: boolean
  readonly unlocks: readonly UnlockView[]
  /** Public keys of what the machine holds, or why it cannot be read. */
  readonly machine: { readonly recipients: readonly string[]; readonly fault: string | null }
  readonly needs: readonly KeyNeedView[]
  readonly plainBackups: number
  /** Backups that the next rotation would encrypt anew. */
  readonly staleBackups: number
  /** Pieces of the log, likewise. */
  readonly stalePieces: number
  readonly rotationJobId: string | null
  /** When it goes on with what was being read; null: it is at work, or there is none. */
  readonly rotationWaitsUntil: string | null
  /** Backups that the rotation leaves alone, because something reads them. */
  readonly waiting: readonly RotationWaitView[]
  /** Archives in other stores that are not encrypted anew yet, although their backups are. */
  readonly formerCopies: number
}

export interface RotationWaitView {
  readonly backupId: string
  readonly takenAt: string
  readonly by: string
  /** Null: none, or one that must not be named here. */
  readonly restoreId: string | null
}
