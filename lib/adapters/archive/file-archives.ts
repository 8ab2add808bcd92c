import { type AgeKeys, HeldKeys, NO_KEYS } from '../age/age-keys.ts'
import { type FileForm, PLAIN_FORM, sealedForm } from './file-form.ts'
import { createFileLogArchive } from './file-log-archive.ts'
import { openImport } from './imports/open-import.ts'
import { listArchives } from './list-archives.ts'
import type { LogArchivePort } from './log-archive.ts'
import { findArchiveBase, listMemberSnapshots } from './moment-bases.ts'
import { openArchive } from './open-archive.ts'
import { openDataDir } from './open-data-dir.ts'
import { openHistory } from './open-history.ts'
import { openNativeSnapshot } from './open-native-snapshot.ts'
import { openPath } from './open-path.ts'
import { readManifest, readWholeManifest } from './read-manifest.ts'
import { reencryptArchive } from './reencrypt-archive.ts'
import { removeArchive, sweepUnfinished } from './remove-archive.ts'
import type { ArchivePort } from './store.ts'
import { sweepSystemTemp } from './temp-dir.ts'
import { measureUnpacked, readUnpacked } from './unpack-archive.ts'
import { verifyArchive } from './verify-archive.ts'
import { writeArchive } from './write-archive.ts'

/**
 * Archives in folders of the local file system. Holds no state but, in memory, the keys of what it has itself encrypted: any number may
 * work on one store. `keys` opens what is encrypted.
 */
export function createFileArchives(options: { readonly keys?: AgeKeys } = {}): ArchivePort {
  const { keys = NO_KEYS } = options
  return makePort(PLAIN_FORM, keys, createFileLogArchive({ keys }))
}

function makePort(form: FileForm, keys: AgeKeys, logs: LogArchivePort): ArchivePort {
  return {
    write: (input) => writeArchive(input, form),
    open: (dir) => openArchive(dir, keys),
    readManifest: async (dir) => (await readManifest(dir)).manifest,
    verify: (dir, options) => verifyArchive(dir, { ...options, keys }),
    measureUnpacked: (dir, options) => measureUnpacked(dir, { ...options, keys }),
    readUnpacked: (dir) => readUnpacked(dir, keys),
    withRecipients: (recipients) => {
      const held = new HeldKeys(keys)
      // Pieces of the log are read with the keys at hand: what was appended is no business of this port any more.
      const append: LogArchivePort['append'] = (dir, input) => logs.append(dir, { recipients, ...input })
      return makePort(sealedForm(recipients, held), held, { ...logs, append })
    },
    reencrypt: (dir, options) => reencryptArchive(dir, form, options),
    assertReadable: async (dir) => {
      await readWholeManifest(dir, keys)
    },
    list: listArchives,
    remove: removeArchive,
    sweepUnfinished: async (storeDir) => {
      await sweepSystemTemp()
      return sweepUnfinished(storeDir)
    },
    openPath: (path, options) => openPath(path, { ...options, keys }),
    openDataDir,
    openMoment: ({ name, bases, logs: sources, ...options }) =>
      openHistory({ name, logsName: name, bases, logs: sources }, { ...options, keys }),
    memberSnapshots: listMemberSnapshots,
    archiveBase: findArchiveBase,
    openImport,
    openNative: openNativeSnapshot,
    logs,
  }
}
