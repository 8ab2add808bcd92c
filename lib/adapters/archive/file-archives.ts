import { type AgeKeys, HeldKeys, NO_KEYS } from '../age/age-keys.ts'
import { ArchiveError } from './errors.ts'
import { type FileForm, PLAIN_FORM, sealedForm } from './file-form.ts'
import { createFileLogArchive } from './file-log-archive.ts'
import { openImport } from './imports/open-import.ts'
import { TreeIntake } from './intake/tree-intake.ts'
import { listArchives } from './list-archives.ts'
import { createLiveTrees } from './live/open-live-tree.ts'
import type { LogArchivePort, TailBox } from './log-archive.ts'
import { FileLogTail } from './log-tail.ts'
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
import { streamMoment } from './stream-moment.ts'
import { sweepSystemTemp } from './temp-dir.ts'
import { measureUnpacked, readUnpacked } from './unpack-archive.ts'
import { verifyArchive } from './verify-archive.ts'
import { writeArchive } from './write-archive.ts'

/**
 * Archives in folders of the local file system. Holds no state but, in memory, the keys of what it has itself encrypted: any number may
 * work on one store. `keys` opens what is encrypted, `tailBox` seals the open end of logs that are to be encrypted.
 */
export function createFileArchives(options: { readonly keys?: AgeKeys; readonly tailBox?: TailBox } = {}): ArchivePort {
  const { keys = NO_KEYS, tailBox = null } = options
  return makePort(PLAIN_FORM, keys, { logs: createFileLogArchive({ keys, box: tailBox }), tailBox })
}

function makePort(
  form: FileForm,
  keys: AgeKeys,
  { logs, tailBox }: { readonly logs: LogArchivePort; readonly tailBox: TailBox | null },
): ArchivePort {
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
      const takeTails: LogArchivePort['takeTails'] = (dir, input) => logs.takeTails(dir, { recipients, ...input })
      const openTail: LogArchivePort['openTail'] = (dir, holder) =>
        new FileLogTail(dir, { holder, box: boxOf(tailBox) })
      const sealing = { ...logs, append, takeTails, ...(recipients.length > 0 ? { openTail } : {}) }
      return makePort(sealedForm(recipients, held), held, { logs: sealing, tailBox })
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
    streamMoment: (input) => streamMoment(input, keys),
    receiveRecords: (path, events) => new TreeIntake(path, events),
    memberSnapshots: listMemberSnapshots,
    archiveBase: findArchiveBase,
    openImport,
    openNative: openNativeSnapshot,
    liveTrees: createLiveTrees(),
    logs,
  }
}

function boxOf(box: TailBox | null): TailBox {
  if (box !== null) return box
  throw new ArchiveError('UNSUPPORTED', 'The open end of an encrypted log needs a key to be sealed with', {
    unaffected: 'nothing was written',
  })
}
