import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeSystemTempDir, sweepSystemTemp } from './temp-dir.ts'

let dir: string
let ours: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sweep-'))
  ours = await makeSystemTempDir()
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
  await rm(ours, { recursive: true, force: true })
})

it('what a killed process has left in the temporary folder is removed; what is at work or not ours stays', async () => {
  const gone = spawnSync(process.execPath, ['--version']).pid
  const [, host] = /^arkeeper-\d+-(.+)-\w{6}$/.exec(basename(ours)) ?? []
  const names = [
    `arkeeper-${gone}-${host}-abc123`,
    `arkeeper-${process.pid}-${host}-abc123`,
    `arkeeper-${gone}-elsewhere-abc123`,
    `arkeeper-${gone}-${host}-abc123.kept`,
    'somebody-else',
  ]
  for (const name of names) {
    await mkdir(join(dir, name))
    await writeFile(join(dir, name, 'tree'), 'values of znodes')
  }
  await symlink(join(dir, 'somebody-else'), join(dir, `arkeeper-${gone}-${host}-linked`))
  expect(await sweepSystemTemp(dir)).toBe(1)
  expect((await readdir(dir)).sort()).toEqual([...names.slice(1), `arkeeper-${gone}-${host}-linked`].sort())
  expect(await readdir(join(dir, 'somebody-else'))).toEqual(['tree'])
})
