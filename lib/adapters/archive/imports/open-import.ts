import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { formatHex64 } from '../../../base/hex64.ts'
import { importFault } from '../../../domain/imports/errors.ts'
import type { ImportForm } from '../../../domain/imports/import-form.ts'
import { SnapshotError } from '../../../domain/snapshot/errors.ts'
import type { Consistency, Manifest } from '../../../domain/snapshot/manifest.ts'
import { ROOT } from '../../../domain/znode/path.ts'
import type { TreeReader } from '../../../domain/znode/ports.ts'
import { openDataDir, openSnapshotAlone } from '../open-data-dir.ts'
import type { DataDirTree } from '../open-history.ts'
import { identifyPath } from '../open-path.ts'
import { detectCompression, findSnapshotZxid } from '../snapshot-file.ts'
import { detectForeign, type ForeignTree, isForeignForm, openForeign } from './open-foreign.ts'
import { withUnpackedDataDir } from './unpack-data-dir.ts'

export interface OpenImportOptions {
  /** Null: told by the content. */
  readonly form: ImportForm | null
  /** What the file was called where it came from; a snapshot's name tells its zxid. */
  readonly fileName: string
  readonly signal?: AbortSignal
  readonly onProgress?: (znodes: number) => void
}

/** Another tool's file, or a server's own, as a tree, with all that an archive of it has to say. Close the reader afterwards. */
export interface OpenedImport {
  readonly reader: TreeReader
  readonly facts: NonNullable<Manifest['import']>
  readonly scope: Manifest['scope']
  readonly zxid: bigint
  readonly consistency: Consistency
  /** Undefined where nothing is known of them. */
  readonly sessions: ReadonlyMap<bigint, number> | undefined
}

/** Reads and checks all of it. Throws ImportError, and for ZooKeeper's own files what `openDataDir` throws. */
export async function openImport(path: string, options: OpenImportOptions): Promise<OpenedImport> {
  const form = options.form ?? (await detectForm(path))
  if (isForeignForm(form)) return toImport(await openForeign(path, form, options), options.fileName)
  if (form === 'snapshot') {
    const zxid = findSnapshotZxid(basename(options.fileName))
    return fromServer(
      await openSnapshotAlone(path, { name: options.fileName, zxid }, options.signal),
      form,
      options.fileName,
    )
  }
  const tree = (await stat(path)).isDirectory()
    ? await openDataDir(path, options)
    : await withUnpackedDataDir(path, (dir) => openDataDir(dir, { signal: options.signal }), options.signal)
  return fromServer(tree, form, options.fileName)
}

async function detectForm(path: string): Promise<ImportForm> {
  const place = await identifyPath(path)
  switch (place.kind) {
    case 'foreign':
      return place.form
    case 'file':
      return assertSnapshot(path)
    case 'datadir':
    case 'packed-datadir':
      return 'data-directory'
    case 'archive':
      throw importFault('UNKNOWN_FORM', `${path} is an archive already`, null, 'use it as it is')
  }
}

async function assertSnapshot(path: string): Promise<'snapshot'> {
  const detected = await detectForeign(path)
  if (detected === 'snapshot' || (await isSnappy(path))) return 'snapshot'
  if (detected === 'log') {
    const remedy = 'pack the whole data directory, snapshots and logs, into a tar'
    throw importFault(
      'UNKNOWN_FORM',
      'The file is a transaction log, which is no tree without a snapshot',
      null,
      remedy,
    )
  }
  throw importFault(
    'UNKNOWN_FORM',
    'Nothing in the file tells what it is',
    null,
    'import JSON of zoocreeper, zk_shell, ZooNavigator or arkeeper export, a snapshot, or a tar of a data directory or of files',
  )
}

async function isSnappy(path: string): Promise<boolean> {
  try {
    return (await detectCompression(path)) === 'snappy'
  } catch (error) {
    if (error instanceof SnapshotError) return false
    throw error
  }
}

function toImport(reader: ForeignTree, fileName: string): OpenedImport {
  const { form, unknownAcls, unknownContents, impliedParents, impliedListed, skipped, highestZxid } = reader.facts
  const to = formatHex64(highestZxid)
  return {
    reader,
    facts: {
      form,
      file: fileName,
      kindsKnown: reader.facts.kindsKnown,
      unknownAcls,
      unknownContents,
      impliedParents,
      impliedListed: [...impliedListed],
      skipped: { total: skipped.total, listed: [...skipped.listed] },
      warnings: [],
    },
    scope: reader.scope,
    zxid: highestZxid,
    // No such file tells what was written while it was made.
    consistency: { class: 'fuzzy', from: '0x0', to, moved: [], movedReread: false, movedKnown: false },
    sessions: undefined,
  }
}

function fromServer(reader: DataDirTree, form: ImportForm, fileName: string): OpenedImport {
  const { proof, sessions } = reader
  const { windowEnd, zxid: base } = proof.snapshot
  const zxid = proof.zxid > windowEnd ? proof.zxid : windowEnd
  const moved = { moved: [], movedKnown: proof.exact }
  const consistency: Consistency = proof.exact
    ? {
        class: 'exact',
        proof: proof.digest ? 'digest' : 'replay',
        from: formatHex64(zxid),
        to: formatHex64(zxid),
        ...moved,
      }
    : { class: 'fuzzy', from: formatHex64(base), to: formatHex64(zxid), movedReread: false, ...moved }
  return {
    reader,
    facts: {
      form,
      file: fileName,
      kindsKnown: true,
      unknownAcls: 0,
      unknownContents: 0,
      impliedParents: 0,
      impliedListed: [],
      skipped: { total: 0, listed: [] },
      warnings: proof.problems.map(({ message }) => message),
    },
    scope: { paths: [ROOT], kind: 'subtrees' },
    zxid,
    consistency,
    sessions,
  }
}
