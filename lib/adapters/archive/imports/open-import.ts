import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { formatHex64 } from '../../../base/hex64.ts'
import { importFault } from '../../../domain/imports/errors.ts'
import type { ImportForm } from '../../../domain/imports/import-form.ts'
import type { Consistency, Manifest } from '../../../domain/snapshot/manifest.ts'
import { ROOT } from '../../../domain/znode/path.ts'
import type { TreeReader } from '../../../domain/znode/ports.ts'
import { openDataDir, openSnapshotAlone } from '../open-data-dir.ts'
import type { DataDirTree } from '../open-history.ts'
import { identifyPath } from '../open-path.ts'
import { findSnapshotZxid } from '../snapshot-file.ts'
import { type ForeignTree, isForeignForm, openForeign } from './open-foreign.ts'
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
  readonly sessions: ReadonlyMap<bigint, number>
}

/** Reads and checks all of it. Throws ImportError, and for ZooKeeper's own files what `openDataDir` throws. */
export async function openImport(path: string, options: OpenImportOptions): Promise<OpenedImport> {
  const form = options.form ?? (await detectForm(path))
  if (isForeignForm(form)) return toImport(await openForeign(path, form, options), options.fileName)
  if (form === 'snapshot') {
    const zxid = findSnapshotZxid(basename(options.fileName))
    return fromServer(await openSnapshotAlone(path, zxid, options.signal), form, options.fileName)
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
      return 'snapshot'
    case 'datadir':
    case 'packed-datadir':
      return 'data-directory'
    case 'archive':
      throw importFault('UNKNOWN_FORM', `${path} is an archive already`, null, 'use it as it is')
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
    sessions: new Map(),
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
