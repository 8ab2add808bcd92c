import { createFileLogArchive } from './file-log-archive.ts'
import { openImport } from './imports/open-import.ts'
import { listArchives } from './list-archives.ts'
import { findArchiveBase, listMemberSnapshots } from './moment-bases.ts'
import { openArchive } from './open-archive.ts'
import { openDataDir } from './open-data-dir.ts'
import { openHistory } from './open-history.ts'
import { openNativeSnapshot } from './open-native-snapshot.ts'
import { openPath } from './open-path.ts'
import { removeArchive, sweepUnfinished } from './remove-archive.ts'
import type { ArchivePort } from './store.ts'
import { sweepSystemTemp } from './temp-dir.ts'
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
    sweepUnfinished: async (storeDir) => {
      await sweepSystemTemp()
      return sweepUnfinished(storeDir)
    },
    openPath,
    openDataDir,
    openMoment: ({ name, bases, logs, ...options }) => openHistory({ name, logsName: name, bases, logs }, options),
    memberSnapshots: listMemberSnapshots,
    archiveBase: findArchiveBase,
    openImport,
    openNative: openNativeSnapshot,
    logs: createFileLogArchive(),
  }
}
