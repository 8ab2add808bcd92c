import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/**
 * A folder of one process inside `parentDir`, removed afterwards whatever happens. The store's sweep removes it when the process died:
 * its name has the form of the archive writer's own temporaries.
 */
export async function withStagingDir<T>(parentDir: string, work: (dir: string) => Promise<T>): Promise<T> {
  const host = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')
  const dir = join(parentDir, `.tmp-${process.pid}-${host}-${randomBytes(4).toString('hex')}`)
  await mkdir(dir, { recursive: true })
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
