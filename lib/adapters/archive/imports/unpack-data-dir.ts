import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { importFault } from '../../../domain/imports/errors.ts'
import { toArchiveError } from '../errors.ts'
import { makeSystemTempDir } from '../temp-dir.ts'
import { readTar } from './read-tar.ts'
import { readUnpackedBytes } from './unpacked-bytes.ts'

/** Names of a server's files; nothing else of a tar is ever written, and never under a folder that it names. */
const SERVER_FILE = /^(snapshot|log)\.[0-9a-f]{1,16}(\.gz|\.snappy)?$/

/** True for a tar with a server's files at its top or in a folder version-2. Reads it to its end, or to the first of them. */
export async function holdsDataDir(path: string, signal?: AbortSignal): Promise<boolean> {
  for await (const { name, kind } of readTar(readUnpackedBytes(path))) {
    throwIfAborted(signal)
    if (kind === 'file' && isServerFile(name)) return true
  }
  return false
}

/**
 * Puts a server's files of a tar into a temporary folder for the time of the work. Snapshots and logs may lie in different folders of the tar
 * (dataLogDir). Throws ImportError for a tar without them, or with two of one name.
 */
export async function withUnpackedDataDir<T>(
  path: string,
  work: (dir: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const dir = await makeSystemTempDir().catch((error: unknown) => {
    throw toArchiveError(error, 'making a temporary folder')
  })
  try {
    const versionDir = join(dir, 'version-2')
    await mkdir(versionDir)
    const names = new Set<string>()
    for await (const { name, kind, body } of readTar(readUnpackedBytes(path))) {
      throwIfAborted(signal)
      if (kind !== 'file' || !isServerFile(name)) continue
      const file = basename(name)
      if (names.has(file)) {
        throw importFault(
          'DUPLICATE_IMPORT',
          `The tar holds ${file} twice: files of more than one server`,
          null,
          'pack the data directory of one server alone',
        )
      }
      names.add(file)
      await pipeline(body, createWriteStream(join(versionDir, file), { flags: 'wx', mode: 0o600 }))
    }
    if (names.size === 0) {
      throw importFault(
        'UNKNOWN_FORM',
        'The tar holds no file of a server',
        null,
        'pack snapshot.* and log.*, at its top or in a folder version-2',
      )
    }
    return await work(dir)
  } catch (error) {
    throw toArchiveError(error, `unpacking ${basename(path)}`)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function isServerFile(name: string): boolean {
  const parts = name.split('/')
  const folder = parts.at(-2)
  return SERVER_FILE.test(parts.at(-1) ?? '') && (folder === undefined || folder === 'version-2')
}
