import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeDir } from './make-dir.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-make-dir-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

it('makes every missing parent with the mode asked for, and does not mind a folder that is there', async () => {
  const path = join(dir, 'a', 'b', 'c')
  await makeDir(path, 0o700)
  await makeDir(path)
  expect((await stat(path)).mode & 0o777).toBe(0o700)
})

it('says so when a parent is a file', async () => {
  await writeFile(join(dir, 'file'), '')
  await expect(makeDir(join(dir, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
})

it.runIf(existsSync('/proc/self'))('ends where a file system takes no folders', async () => {
  await expect(makeDir('/proc/arkeeper/below')).rejects.toMatchObject({ code: 'ENOENT' })
})
