import type { PrismaClient } from '../database/generated/client.ts'

/** What is asked of the database: the client, or the transaction in which something is decided by what is read. */
export type WorkFilesDb = Pick<PrismaClient, 'workFile' | 'workChunk' | 'workLines'>

/** Whether what is written next may be written. Asked in the transaction that writes it, and holds until that ends. */
export type Fence = (tx: Pick<PrismaClient, 'job'>) => Promise<boolean>

/**
 * The files that jobs leave for pages and for other jobs: results of diffs and searches, plans, journals, uploads. On one machine they lie in
 * its work folder and nothing else is to be done. Where there may be more machines, every host works on a copy of its own, and what it
 * publishes is in the database. A folder is named like `restores/<id>`.
 */
export interface WorkFilesPort {
  /** A folder on this host with what the named one holds now, to read from. Missing ones are empty. */
  fetch(folder: string, options?: { readonly db?: WorkFilesDb }): Promise<string>
  /** A folder on this host to work in, with what was left there. Whatever is not published is for nobody else. */
  begin(folder: string, options?: { readonly fence?: Fence }): Promise<WorkFolder>
  remove(folder: string): Promise<void>
  /** Folders of a kind, the one that was touched last first. */
  list(kind: string): Promise<readonly { readonly folder: string; readonly touchedAtMs: number }[]>
  /** The folder is in use: it is listed as new. */
  touch(folder: string): Promise<void>
  /** Removes what processes that are gone have left half-way. */
  sweep(): Promise<void>
  close(): Promise<void>
}

/** One process's own, until `end`. */
export interface WorkFolder {
  readonly dir: string
  /**
   * All hosts see these files from now on, all of them at once; without names, exactly those that lie in the folder. Throws LEASE_LOST when
   * the fence has fallen: nothing was changed then.
   */
  publish(names?: readonly string[]): Promise<void>
  /** A file that grows, line by line, to be seen by all hosts while it does; null where the file itself is enough. */
  openLines(name: string): Promise<SharedLines | null>
  /** Nobody sees it any more. */
  drop(name: string): Promise<void>
  end(): Promise<void>
}

export interface SharedLines {
  /** A durable line is in the database when this returns, with all that came before it. Throws LEASE_LOST when the fence has fallen. */
  append(line: string, options?: { readonly durable?: boolean }): Promise<void>
  /** Whole lines at once, with their line feeds; of none, the file is there and empty. */
  appendText(text: string): Promise<void>
  /** What was not durable is brought there too, if that is possible. */
  close(): Promise<void>
}
