import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isSource } from './build.mjs'
import { ensureStamped, hashTree } from './stamp.mjs'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'arkeeper-stamp-'))
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(name: string, content: string): void {
  mkdirSync(join(dir, name, '..'), { recursive: true })
  writeFileSync(join(dir, name), content)
}

describe('hashTree', () => {
  const hash = () => hashTree(dir, ['app', 'lib', 'package.json', 'not-there'], isSource)

  beforeEach(() => {
    write('app/page.tsx', 'page')
    write('lib/deep/er/a.ts', 'a')
    write('package.json', '{}')
  })

  it('is the same for the same files', () => {
    const before = hash()
    write('package.json', '{}')
    expect(hash()).toBe(before)
  })

  it.each([
    ['an edited file', () => write('lib/deep/er/a.ts', 'b')],
    ['a new file', () => write('app/new.tsx', '')],
    ['a removed file', () => rmSync(join(dir, 'lib/deep/er/a.ts'))],
    [
      'a file under another name',
      () => {
        rmSync(join(dir, 'app/page.tsx'))
        write('app/pages.tsx', 'page')
      },
    ],
    ['an edited file at the top', () => write('package.json', '{"a":1}')],
  ])('changes with %s', (_what, edit) => {
    const before = hash()
    edit()
    expect(hash()).not.toBe(before)
  })

  it('does not change with tests, the generated client and folders that nobody asked about', () => {
    const before = hash()
    write('lib/deep/a.test.ts', 'x')
    write('lib/deep/a.int.test.ts', 'x')
    write('lib/adapters/database/generated/client.ts', 'x')
    write('other/x.ts', 'x')
    expect(hash()).toBe(before)
  })

  it('tells the same bytes in two files from the same bytes in one', () => {
    write('app/a.ts', 'xy')
    write('app/b.ts', '')
    const before = hash()
    write('app/a.ts', 'x')
    write('app/b.ts', 'y')
    expect(hash()).not.toBe(before)
  })
})

describe('ensureStamped', () => {
  const run = async (wanted: string, make: () => void, isThere = () => true) =>
    ensureStamped({ file: join(dir, 'made', '.stamp'), wanted, isThere, make: async () => make() })

  it('makes once for the same wish, and again for another', async () => {
    let made = 0
    const make = () => {
      made++
    }
    expect(await run('a', make)).toBe(true)
    expect(await run('a', make)).toBe(false)
    expect(await run('b', make)).toBe(true)
    expect(await run('a', make)).toBe(true)
    expect(made).toBe(3)
  })

  it('makes again after a failure, also when it was good before', async () => {
    await run('a', () => undefined)
    const fail = () => {
      throw new Error('on purpose')
    }
    await expect(run('b', fail)).rejects.toThrow('on purpose')
    expect(await run('b', () => undefined)).toBe(true)
    await expect(run('c', fail)).rejects.toThrow('on purpose')
    expect(await run('b', () => undefined)).toBe(true)
  })

  it('makes again when what was made is no longer there', async () => {
    await run('a', () => undefined)
    expect(
      await run(
        'a',
        () => undefined,
        () => false,
      ),
    ).toBe(true)
  })
})
