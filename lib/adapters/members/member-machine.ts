import type { Member } from './members.ts'

/** What lies in the directories of one member, and what surrounds them. Read only. */
export interface MemberDisk {
  /** Names in `version-2` that ZooKeeper takes for live files: whatever begins with `snapshot.` or `log.`. */
  readonly snapshots: readonly string[]
  readonly logs: readonly string[]
  /** snapshot.* in the directory of the logs, or log.* in that of the snapshots; a server refuses to start on either. */
  readonly misplaced: readonly string[]
  /** Highest zxid that a file name of a snapshot or the last entry of the newest log tells; null for empty directories. */
  readonly lastZxid: bigint | null
  /** Null where the file is missing: standalone servers have none. */
  readonly currentEpoch: number | null
  readonly acceptedEpoch: number | null
  readonly myid: string | null
  /** Null where `version-2` does not exist yet. */
  readonly owner: { readonly uid: number; readonly gid: number } | null
  /** Bytes that a file may still take in the directory of the snapshots. */
  readonly freeBytes: bigint
  /** The user that Arkeeper runs as. */
  readonly self: { readonly uid: number; readonly gid: number }
  /** Why files cannot be moved here by renaming; null when they can. */
  readonly fault: string | null
}

export interface CommandResult {
  /** Null when it was ended by us or by a signal. */
  readonly exitCode: number | null
  readonly timedOut: boolean
  /** Both streams, at most the last few kilobytes. */
  readonly output: string
}

export type Liveness =
  /** Its client port refuses, and no process that we can see has files of its directories open. */
  | { readonly kind: 'down' }
  | { readonly kind: 'up'; readonly message: string }
  /** Neither is proved, for example because packets are dropped. */
  | { readonly kind: 'unknown'; readonly message: string }

export interface PutFile {
  /** Final name, `snapshot.<zxid>`. */
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/**
 * The machine of a member, as far as this host reaches it. Nothing here deletes: files are renamed within their file system, never over
 * another one. Each call can be repeated after a crash. Throws MembersError.
 */
export interface MemberMachine {
  inspect(member: Member): Promise<MemberDisk>
  /** Without a shell, in `dataDir`'s parent-independent working folder `/`. Never throws for a command that fails. */
  run(command: readonly string[], options: { readonly timeoutMs: number }): Promise<CommandResult>
  liveness(member: Member): Promise<Liveness>
  /** Writes a snapshot beside `version-2`, flushed, read back and owned by the member's owner. Keeps one that is there and right. */
  bring(member: Member, file: PutFile & { readonly body: () => AsyncIterable<Uint8Array> }): Promise<void>
  /** Renames every live file into the folder of this name beside each `version-2`; what is there already stays. Gives how many it moved. */
  moveAside(member: Member, folder: string): Promise<number>
  /** Renames what `bring` wrote to its final name; the directories must hold no live file, or this one. */
  place(member: Member, file: PutFile): Promise<void>
  /** The way back: renames what lies in the folder into `version-2`, which must hold no other live file. Gives how many it moved. */
  moveBack(member: Member, folder: string): Promise<number>
}
