import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TreeReader } from '../../../domain/znode/ports.ts'
import { findCorpusSet } from '../../../testing/corpus.ts'
import { openDataDir } from '../open-data-dir.ts'
import { openImport } from './open-import.ts'

const run = promisify(execFile)
let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-import-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function dataDirOf(name: string): Promise<string> {
  const set = findCorpusSet(name)
  const folder = join(dir, 'data', 'version-2')
  await mkdir(folder, { recursive: true })
  for (const { file } of [...set.snapshots, ...set.logs]) await copyFile(file, join(folder, basename(file)))
  return join(dir, 'data')
}

async function describeTree(reader: TreeReader): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { znodes } of reader.readSubtree('/', { includeSystem: true })) {
    for (const { path, data, acl, kind, ttlMs, stat, unknown } of znodes) {
      found.push([path, data && Buffer.from(data).toString('hex'), acl, kind, ttlMs, stat.mzxid, unknown])
    }
  }
  await reader.close()
  return found
}

describe("a server's own files", () => {
  it.each(['3.8.0', '3.9.6', '3.9.6-ensemble'])('of %s in a tar are the tree that its directory is', async (name) => {
    const data = await dataDirOf(name)
    const expected = await openDataDir(data)
    const { zxid, exact } = expected.proof
    for (const [options, form] of [
      [['-C', data, '-cf'], null],
      [['-C', join(data, 'version-2'), '-czf'], null],
      [['-C', dir, '--format=pax', '-cf'], 'data-directory'],
    ] as const) {
      const tar = join(dir, 'server.tar')
      await run('tar', [...options, tar, options[1] === dir ? 'data' : '.'])
      const opened = await openImport(tar, { form, fileName: 'server.tar' })
      expect(opened).toMatchObject({ zxid, facts: { form: 'data-directory', kindsKnown: true } })
      expect(opened.consistency.class).toBe(exact ? 'exact' : 'fuzzy')
      const again = await openDataDir(data)
      expect(await describeTree(opened.reader)).toEqual(await describeTree(again))
      await rm(tar)
    }
    await expected.close()
  })

  it.each(['snapshot.180.gz', 'snapshot.180.snappy'])(
    'as the snapshot %s alone are taken under the zxid of its name',
    async (name) => {
      const file = fileURLToPath(new URL(`../../../domain/snapshot/corpus/3.9.6-compressed/${name}`, import.meta.url))
      const opened = await openImport(file, { form: null, fileName: name })
      expect(opened).toMatchObject({ zxid: 0x180n, facts: { form: 'snapshot', file: name, kindsKnown: true } })
      expect((await describeTree(opened.reader)).length).toBeGreaterThan(10)
    },
  )

  it('of two servers in one tar are refused, and so is a log alone', async () => {
    const data = await dataDirOf('3.9.6')
    await mkdir(join(dir, 'both', 'one'), { recursive: true })
    for (const name of ['one', 'two']) await run('cp', ['-r', data, join(dir, 'both', name)])
    await run('mv', [join(dir, 'both', 'one', 'data'), join(dir, 'both', 'first')])
    const tar = join(dir, 'both.tar')
    await run('tar', ['-C', join(dir, 'both'), '-cf', tar, 'first', 'two'])
    const open = (path: string) => openImport(path, { form: null, fileName: basename(path) })
    await expect(open(tar)).rejects.toMatchObject({ code: 'DUPLICATE_IMPORT' })
    await expect(open(findCorpusSet('3.9.6').logs[0]!.file)).rejects.toMatchObject({
      code: 'UNKNOWN_FORM',
      message: expect.stringMatching(/transaction log/),
    })
  })
})
