import { createFileLogArchive } from './file-log-archive.ts'
import { listArchives } from './list-archives.ts'
import { openArchive } from './open-archive.ts'
import { openDataDir } from './open-data-dir.ts'
import { openNativeSnapshot } from './open-native-snapshot.ts'
import { openPath } from './open-path.ts'
import { removeArchive, sweepUnfinished } from './remove-archive.ts'
import type { ArchivePort } from './store.ts'
import { measureUnpacked, readUnpacked } from './unpack-archive.ts'
import { verifyArchive } from './verify-archive.ts'
import { writeArchive } from './write-archive.ts'

/** Archives in folders of the local file system. Holds no state: any number may work on one store. */
export function createFileArchives(): ArchivePort {
  return {
    write: writeArchive,
    open: openArchive,
    verify: verifyArchive,
    measureUnpacked,
    readUnpacked,
    list: listArchives,
    remove: removeArchive,
    sweepUnfinished: (storeDir) => sweepUnfinished(storeDir),
    openPath,
    openDataDir,
    openNative: openNativeSnapshot,
    logs: createFileLogArchive(),
  }
}
