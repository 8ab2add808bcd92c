import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import { makeDir } from '../../base/make-dir.ts'
import { laterName } from '../../domain/snapshot/archive-name.ts'
import type { ServiceContext } from '../context.ts'
import { publishStaged } from '../engine/staging.ts'
import { ServiceError } from '../errors.ts'
import { MANIFEST, parseManifest } from './bucket-archive.ts'
import type { FolderStore } from './find-store.ts'

const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')

/**
 * A copy of an archive in a store that is a folder: written under a temporary name, flushed, read back, renamed. Gives its place within the
 * store.
 */
export async function putInFolder(
  { signal }: Pick<ServiceContext, 'signal'>,
  store: FolderStore,
  archive: {
    readonly dir: string
    readonly folder: string
    readonly name?: string
    readonly avoid?: ReadonlySet<string>
  },
  onBytes?: (bytes: number) => void,
): Promise<string> {
  const parent = join(store.path, archive.folder)
  let name = archive.name ?? basename(archive.dir)
  // Also one that is not there just now: its disk may come back.
  while (archive.avoid?.has(join(archive.folder, name))) name = laterName(name, 1)
  // Its name is the archive writer's own for temporaries, so that the store's sweep knows it.
  const temp = join(parent, `.tmp-${process.pid}-${HOST}-${randomBytes(4).toString('hex')}`)
  const into = join(temp, name)
  await makeDir(parent)
  await mkdir(temp)
  try {
    await mkdir(into)
    const text = await readFile(join(archive.dir, MANIFEST), 'utf8')
    let sent = 0
    for (const { name: file, bytes, sha256 } of parseManifest(text, archive.dir).files) {
      throwIfAborted(signal)
      const [from, to] = [join(archive.dir, file), join(into, file)]
      const handle = await open(to, 'wx', 0o600)
      try {
        for await (const chunk of createReadStream(from, { signal })) {
          await handle.writeFile(chunk)
          sent += chunk.length
          onBytes?.(sent)
        }
        await handle.sync()
      } finally {
        await handle.close()
      }
      const found = await hashOf(to, signal)
      if (found.bytes !== bytes || found.sha256 !== sha256) {
        throw new ServiceError(
          'ARCHIVE_DAMAGED',
          `${file} as it was read back is not the file that the manifest names`,
          {
            unaffected: 'no copy was made',
            remedy: 'verify the backup, and check the disks of both stores',
          },
        )
      }
    }
    await writeFile(join(into, MANIFEST), text, { flag: 'wx', mode: 0o600, flush: true })
    const dir = await publishStaged(into, parent)
    return join(archive.folder, basename(dir))
  } finally {
    await rm(temp, { recursive: true, force: true })
  }
}

async function hashOf(path: string, signal: AbortSignal | undefined) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path, { signal })) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
