import { ImportError } from '../../../domain/imports/errors.ts'
import { toZnodeName, VALUE_FILE } from '../../../domain/imports/file-names.ts'
import { IMPORT_VALUE_BYTES_MAX, NO_ACL, toImportedZnode, tooLarge } from '../../../domain/imports/imported-znode.ts'
import { parsePath } from '../../../domain/znode/path.ts'
import type { Znode } from '../../../domain/znode/znode.ts'

/** A file or folder, of a tar or of the disk. */
export interface FileEntry {
  /** Relative, with slashes; empty for the top folder itself. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  readonly bytes: number
  readonly body: AsyncIterable<Buffer>
}

export interface SkippedFile {
  readonly name: string
  readonly why: string
}

/**
 * A folder and a file each stand for a znode; null for what is left out, which `onSkipped` hears. A folder's znode comes without anything
 * known; its file %value comes as a second znode of the same path. The top folder stands for nothing, unless it has a value.
 */
export async function toZnode(entry: FileEntry, onSkipped: (file: SkippedFile) => void): Promise<Znode | null> {
  const { name, kind } = entry
  if (kind === 'link' || kind === 'other') {
    onSkipped({ name, why: kind === 'link' ? 'a link' : 'neither a file nor a folder' })
    return null
  }
  if (name === '') return null
  const parts = name.split('/')
  const isValue = kind === 'file' && parts.at(-1) === VALUE_FILE
  if (isValue) parts.pop()
  const path = `/${parts.map((part) => toZnodeName(part, name)).join('/')}`
  if (kind === 'folder') return toImportedZnode({ path, data: null, acl: NO_ACL }, null)
  return toImportedZnode({ path, data: await readValue(entry, path), acl: NO_ACL }, null)
}

/** The znode that a file which was left out would have stood for; null where no znode can have that name. */
export function pathOfSkipped({ name }: SkippedFile): string | null {
  const parts = name.split('/')
  if (parts.at(-1) === VALUE_FILE) parts.pop()
  try {
    return parsePath(`/${parts.map((part) => toZnodeName(part, name)).join('/')}`)
  } catch (_notOne) {
    return null
  }
}

async function readValue({ name, bytes, body }: FileEntry, path: string): Promise<Buffer> {
  if (bytes > IMPORT_VALUE_BYTES_MAX) throw tooLarge(path, bytes, null)
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body) {
    parts.push(Buffer.from(part))
    length += part.length
    if (length > IMPORT_VALUE_BYTES_MAX) throw tooLarge(path, length, null)
  }
  if (length !== bytes) {
    throw new ImportError('BAD_IMPORT', `${name} changed while it was read`, {
      unaffected: 'nothing was imported',
      remedy: 'copy the folder and import the copy',
    })
  }
  return Buffer.concat(parts)
}

/** Of znodes in path order: a folder and its value become one. */
export class FolderMerge {
  #held: Znode | null = null

  add(znode: Znode): Znode | null {
    const held = this.#held
    if (held === null || held.path !== znode.path) {
      this.#held = znode
      return held
    }
    if (isBare(held)) {
      this.#held = znode
      return null
    }
    if (isBare(znode)) return null
    this.#held = znode
    return held
  }

  end(): Znode | null {
    return this.#held
  }
}

const isBare = (znode: Znode) => znode.data === null && znode.acl.length === 0
