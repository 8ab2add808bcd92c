import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import type { DataDir, NamedFile } from './data-dir.ts'
import { toArchiveError } from './errors.ts'
import { readFileBytes, readSnapshotBytes } from './snapshot-file.ts'

/** The bytes of a log: plain as servers write it, or gzip as archives keep it. */
export async function* readLogBytes(path: string): AsyncGenerator<Buffer> {
  yield* (await isGzip(path)) ? readSnapshotBytes(path, 'gzip') : readFileBytes(path)
}

export function logSourceOf(dir: string, { name, zxid }: NamedFile): LogSource {
  return { name, zxid, open: () => readLogBytes(join(/* turbopackIgnore: true */ dir, name)) }
}

export const logSourcesOf = (place: DataDir): LogSource[] => place.logs.map((log) => logSourceOf(place.logDir, log))

async function isGzip(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'r')
    try {
      const first = Buffer.alloc(2)
      await handle.read(first, 0, 2, 0)
      return first[0] === 0x1f && first[1] === 0x8b
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
}
