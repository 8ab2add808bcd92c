import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeLocalDir } from './local-dir.ts'

let parent = ''
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'arkeeper-local-'))
})
afterEach(() => rm(parent, { recursive: true, force: true }))

test('a holder goes on from the base of the one before, in a folder of its own, and nothing else is left', async () => {
  const first = await takeLocalDir(parent, 3)
  await writeFile(join(first, 'base.1a'), 'the tree')
  await mkdir(join(first, 'scratch'))
  // Of an installation that had one folder for all.
  await writeFile(join(parent, 'base.9'), 'older')
  await mkdir(join(parent, 'scratch'))
  await takeLocalDir(parent, 7)
  const mine = await takeLocalDir(parent, 5)
  expect(mine).toBe(join(parent, 'f5'))
  // What came after it is not its own to take.
  expect((await readdir(parent)).sort()).toEqual(['f5', 'f7'])
  expect((await readdir(join(parent, 'f7'))).sort()).toEqual(['base.1a', 'base.9'])
  expect(await readFile(join(parent, 'f7', 'base.1a'), 'utf8')).toBe('the tree')
  expect(await readdir(mine)).toEqual([])
})
