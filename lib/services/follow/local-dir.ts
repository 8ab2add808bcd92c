import { link, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDir } from '../../base/make-dir.ts'

/** `base.<zxid>`, unpacked, or sealed (local-bases.ts): never changed once it has its name. */
const BASE_NAME = /^base\.[0-9a-f]{1,16}(\.sealed)?$/
const HOLDER_NAME = /^f(\d+)$/

/**
 * The folder of one holder of a stream on this host: a worker that lost its lease and does not know it yet works in another. Bases of the holders
 * before are taken over, and what else they left is removed. Those that came after this one are not touched.
 */
export async function takeLocalDir(parent: string, fence: number): Promise<string> {
  const dir = join(/* turbopackIgnore: true */ parent, `f${fence}`)
  await makeDir(dir, 0o700)
  for (const name of await readdir(parent)) {
    const path = join(/* turbopackIgnore: true */ parent, name)
    const holder = HOLDER_NAME.exec(name)
    if (holder !== null && Number(holder[1]) < fence) await takeOver(path, dir)
    // As one folder for all holders was laid out.
    if (BASE_NAME.test(name)) await rename(path, join(/* turbopackIgnore: true */ dir, name))
    if (name === 'scratch') await rm(path, { recursive: true, force: true })
  }
  return dir
}

async function takeOver(from: string, to: string): Promise<void> {
  for (const name of (await readdir(from)).filter((one) => BASE_NAME.test(one))) {
    await link(join(/* turbopackIgnore: true */ from, name), join(/* turbopackIgnore: true */ to, name)).catch(() => {
      // It is fetched from the archive instead.
    })
  }
  await rm(from, { recursive: true, force: true })
}
