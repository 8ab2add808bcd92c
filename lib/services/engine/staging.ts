import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { makeDir } from '../../base/make-dir.ts'
import { laterName } from '../../domain/snapshot/archive-name.ts'

/**
 * A folder of one process inside `parentDir`, removed afterwards whatever happens. The store's sweep removes it when the process died:
 * its name has the form of the archive writer's own temporaries.
 */
export async function withStagingDir<T>(parentDir: string, work: (dir: string) => Promise<T>): Promise<T> {
  const host = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')
  const dir = join(parentDir, `.tmp-${process.pid}-${host}-${randomBytes(4).toString('hex')}`)
  await makeDir(dir)
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const NAMES_MAX = 1000

/**
 * Out of the staging folder: the archive is whole and flushed already, so that a rename is all there is to do. Two backups of one second
 * at one zxid get a counter behind the name, as in the archive writer.
 */
export async function publishStaged(dir: string, parentDir: string): Promise<string> {
  const name = basename(dir)
  for (let n = 1; ; n++) {
    const place = join(parentDir, laterName(name, n - 1))
    try {
      await rename(dir, place)
      const parent = await open(parentDir, 'r')
      await parent.sync().finally(() => parent.close())
      return place
    } catch (error) {
      const isTaken =
        error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
      if (!isTaken || n === NAMES_MAX) throw error
    }
  }
}
