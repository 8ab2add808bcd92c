import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A folder of one process inside `parentDir`, removed afterwards whatever happens. The store's sweep removes it when the process died:
 * its name has the form of the archive writer's own temporaries.
 */
export async function withStagingDir<T>(parentDir: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = join(parentDir, `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`)
  await mkdir(dir, { recursive: true })
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
