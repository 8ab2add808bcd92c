import { stat } from 'node:fs/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { type DetectedFile, detectFile, HEAD_BYTES } from '../../../domain/imports/detect-form.ts'
import { ImportError, importFault } from '../../../domain/imports/errors.ts'
import { type ImportCounts, ParentFiller } from '../../../domain/imports/fill-parents.ts'
import type { ImportForm } from '../../../domain/imports/import-form.ts'
import { createJsonShape, type JsonForm } from '../../../domain/imports/json-forms.ts'
import { JsonWalker } from '../../../domain/imports/json-walker.ts'
import { isWithin } from '../../../domain/znode/path.ts'
import type { Znode, ZnodeStream } from '../../../domain/znode/znode.ts'
import { toArchiveError } from '../errors.ts'
import { SnapshotTree } from '../snapshot-tree.ts'
import { writeTempTree } from '../temp-tree.ts'
import { FolderMerge, pathOfSkipped, type SkippedFile, toZnode } from './file-entries.ts'
import { readFolder } from './read-folder.ts'
import { readTar } from './read-tar.ts'
import { readHead, readUnpackedBytes } from './unpacked-bytes.ts'
import { ZnodeSorter } from './znode-sorter.ts'

const SKIPPED_LISTED_MAX = 100

/** Forms whose files say less than ZooKeeper's own do. */
export type ForeignForm = Extract<ImportForm, JsonForm | 'directory'>

const FOREIGN_FORMS: readonly string[] = [
  'zoocreeper',
  'zoonavigator',
  'zk-shell',
  'jsonl',
  'directory',
] satisfies ForeignForm[]

export function isForeignForm(form: string): form is ForeignForm {
  return FOREIGN_FORMS.includes(form)
}

export interface ForeignFacts extends ImportCounts {
  readonly form: ForeignForm
  /** In all of them. */
  readonly dataBytes: number
  readonly ephemerals: number
  /** False: znodes without an owner may be of any kind. */
  readonly kindsKnown: boolean
  /** Files that stand for no znode: links, sockets. */
  readonly skipped: { readonly total: number; readonly listed: readonly SkippedFile[] }
  /** Subtrees that the file holds. */
  readonly roots: readonly string[]
}

/** A file of another tool as a tree, in a temporary file without a name. */
export class ForeignTree extends SnapshotTree {
  readonly facts: ForeignFacts
  /** Absence means nothing outside of it. */
  readonly scope: { readonly paths: string[]; readonly kind: 'subtrees' }

  constructor(input: ConstructorParameters<typeof SnapshotTree>[0], facts: ForeignFacts) {
    super(input)
    this.facts = facts
    this.scope = { paths: [...facts.roots], kind: 'subtrees' }
  }
}

export interface OpenForeignOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (znodes: number) => void
}

/** What a file is by its content; null for one that is not of another tool (or not known). Throws ImportError for JSON that holds nothing. */
export async function detectForeign(path: string): Promise<DetectedFile | null> {
  try {
    return detectFile(await readHead(path, HEAD_BYTES))
  } catch (error) {
    // A packing that is broken at once says nothing about what it holds.
    if (error instanceof ImportError && error.code === 'TRUNCATED') return null
    throw error
  }
}

/**
 * Reads a file (or, of the form `directory`, a folder or a tar) to its end and puts its znodes in order. Memory is bounded whatever its size;
 * temporary space: about three times what it holds. Throws ImportError for what cannot be taken over, ArchiveError for the file system.
 */
export async function openForeign(
  path: string,
  form: ForeignForm,
  options: OpenForeignOptions = {},
): Promise<ForeignTree> {
  const sorter = new ZnodeSorter()
  const skipped = { total: 0, listed: [] as SkippedFile[] }
  /** Nothing is known of what they stand for: to mirror the rest must not delete it. */
  const hidden = new Set<string>()
  try {
    if (form === 'directory') {
      await readFiles(path, sorter, options, (file) => {
        if (skipped.total++ < SKIPPED_LISTED_MAX) skipped.listed.push(file)
        const path = pathOfSkipped(file)
        if (path !== null) hidden.add(path)
      })
    } else await readJson(path, form, sorter, options)
    const filler = new ParentFiller()
    const temp = await writeTempTree(inOrder(sorter, filler, form, options.signal), {
      sessions: new Map(),
      signal: options.signal,
    })
    const counts = filler.counts()
    const { dataBytes, byKind } = temp.counts
    const kindsKnown = !sorter.hasUnknownKinds
    const ephemerals = byKind.ephemeral
    const facts = { form, ...counts, dataBytes, ephemerals, kindsKnown, skipped, roots: filler.roots }
    const ownerless = kindsKnown ? 'persistent' : 'unknown'
    const { source, index, acls } = temp
    const unreadable = [...hidden].filter((each) => filler.roots.some((root) => isWithin(each, root)))
    return new ForeignTree({ name: path, source, index, acls, ownerless, unreadable, hasGaps: true }, facts)
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  } finally {
    await sorter.close()
  }
}

async function readJson(path: string, form: JsonForm, sorter: ZnodeSorter, options: OpenForeignOptions): Promise<void> {
  let znodes = 0
  const walker = new JsonWalker(
    createJsonShape(form, (znode) => {
      sorter.add(znode)
      znodes++
    }),
  )
  for await (const chunk of readUnpackedBytes(path)) {
    throwIfAborted(options.signal)
    walker.write(chunk)
    await sorter.settle()
    options.onProgress?.(znodes)
  }
  walker.end()
}

async function readFiles(
  path: string,
  sorter: ZnodeSorter,
  options: OpenForeignOptions,
  onSkipped: (file: SkippedFile) => void,
): Promise<void> {
  const isFolder = (await stat(path)).isDirectory()
  let znodes = 0
  for await (const entry of isFolder ? readFolder(path) : readTar(readUnpackedBytes(path))) {
    throwIfAborted(options.signal)
    const znode = await toZnode(entry, onSkipped)
    if (znode === null) continue
    sorter.add(znode)
    await sorter.settle()
    options.onProgress?.(++znodes)
  }
}

async function* inOrder(
  sorter: ZnodeSorter,
  filler: ParentFiller,
  form: ForeignForm,
  signal: AbortSignal | undefined,
): ZnodeStream & AsyncGenerator {
  const merge = form === 'directory' ? new FolderMerge() : null
  for await (const batch of sorter.read(signal)) {
    const znodes: Znode[] = []
    for (const znode of batch) {
      const next = merge ? merge.add(znode) : znode
      if (next !== null) znodes.push(...filler.add(next))
    }
    yield { znodes, unreadable: [] }
  }
  const last = merge?.end()
  if (last) yield { znodes: filler.add(last), unreadable: [] }
  if (filler.counts().znodes === 0) throw importFault('EMPTY_IMPORT', 'The file holds no znode', null)
}
