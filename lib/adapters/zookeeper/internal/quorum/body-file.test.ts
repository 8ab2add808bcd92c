import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HEADER_BYTES, SEAL_BYTES } from '../../../../domain/snapshot/read-snapshot.ts'
import { BodyFile } from './body-file.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-body-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const BLOCK = Buffer.alloc(9 << 20, 'x')

function open(name: string) {
  const seen: string[] = []
  let told: (seen: string) => void = () => undefined
  const note = (what: string) => {
    seen.push(what)
    told(what)
  }
  const events = { pause: () => note('pause'), resume: () => note('resume'), fail: () => note('fail') }
  const file = new BodyFile(join(dir, name), events)
  const next = (wanted: string) =>
    new Promise<void>((resolve) => {
      told = (what) => {
        if (what === wanted) resolve()
      }
    })
  return { file, seen, next }
}

test('what comes faster than the disk takes it waits once, goes on, and is whole in the end', async () => {
  const { file, seen, next } = open('snapshot.1')
  const resumed = next('resume')
  for (let i = 0; i < 4; i++) file.add(BLOCK)
  expect(seen).toEqual(['pause'])
  await resumed
  file.add(BLOCK)
  await file.finish()
  expect(seen).toEqual(['pause', 'resume'])
  expect((await stat(file.path)).size).toBe(HEADER_BYTES + 5 * BLOCK.length + SEAL_BYTES)
  expect(file.bytes).toBe(HEADER_BYTES + 5 * BLOCK.length + SEAL_BYTES)
})

test('a disk that fails is told once, ends the file, and leaves none', async () => {
  const { file, seen, next } = open('nosuch/snapshot.1')
  const failed = next('fail')
  file.add(BLOCK)
  await failed
  file.add(BLOCK)
  await expect(file.finish()).rejects.toMatchObject({ code: 'ENOENT' })
  expect(seen).toEqual(['fail'])
  await file.discard()
  expect(await readdir(dir)).toEqual([])
})

test('one that nobody wants any more leaves nothing, however much still waits', async () => {
  const { file } = open('snapshot.1')
  for (let i = 0; i < 3; i++) file.add(BLOCK)
  await file.discard()
  expect(await readdir(dir)).toEqual([])
})
