import { constants, type Dirent } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toArchiveError } from '../errors.ts'
import type { FileEntry } from './file-entries.ts'

/** Everything below a folder, links not followed: told, and left. An explicit stack, so that any depth will do. */
export async function* readFolder(dir: string): AsyncGenerator<FileEntry> {
  const waiting: { name: string; entry: Dirent }[] = (await list(dir)).map((entry) => ({ name: entry.name, entry }))
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { name, entry } = next
    const path = join(dir, name)
    const isLink = entry.isSymbolicLink()
    if (!isLink && entry.isDirectory()) {
      yield { name, kind: 'folder', bytes: 0, body: nothing() }
      for (const below of await list(path)) waiting.push({ name: `${name}/${below.name}`, entry: below })
    } else if (!isLink && entry.isFile()) {
      // What was a file a moment ago may be a link by now: O_NOFOLLOW refuses it.
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
        throw toArchiveError(error, `reading ${path}`)
      })
      try {
        const { size } = await handle.stat()
        yield { name, kind: 'file', bytes: size, body: handle.createReadStream({ autoClose: false }) }
      } finally {
        await handle.close()
      }
    } else yield { name, kind: isLink ? 'link' : 'other', bytes: 0, body: nothing() }
  }
}

async function list(dir: string): Promise<Dirent[]> {
  try {
    return await readdir(dir, { withFileTypes: true })
  } catch (error) {
    throw toArchiveError(error, `listing ${dir}`)
  }
}

async function* nothing(): AsyncGenerator<Buffer> {
  // A folder has no bytes.
}
