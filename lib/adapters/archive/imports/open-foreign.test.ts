import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TreeReader } from '../../../domain/znode/ports.ts'
import type { Znode } from '../../../domain/znode/znode.ts'
import { openPath } from '../open-path.ts'
import { ForeignTree, openForeign } from './open-foreign.ts'

const run = promisify(execFile)
const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const OPS = 'ops:w4PIv8/Wzcq4qj4/MfEQ8pvUSS4='

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-foreign-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function open(path: string): Promise<ForeignTree> {
  const tree = await openPath(path)
  if (!(tree instanceof ForeignTree)) throw new Error(`${path} was not taken for another tool's file`)
  return tree
}

async function readAll(tree: TreeReader): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for await (const { znodes } of tree.readSubtree('/', { includeSystem: true })) {
    for (const znode of znodes) found[znode.path] = describeZnode(znode)
  }
  await tree.close()
  return found
}

const describeZnode = ({ data, acl, kind, unknown }: Znode) => ({
  data: data === null ? null : Buffer.from(data).toString('latin1'),
  acl,
  kind,
  ...(unknown ? { unknown } : {}),
})

const put = async (name: string, content: string | Buffer) => {
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

describe('zoocreeper', () => {
  it('gives values, ACLs, stat and the owners of ephemerals', async () => {
    const tree = await open(fixture('zoocreeper.json'))
    const config = await tree.get('/app/config')
    expect(config.kind === 'found' && config.znode.stat).toMatchObject({
      czxid: 0x100000003n,
      mzxid: 0x100000007n,
      version: 4,
      cversion: 0,
    })
    const one = await tree.get('/app/sessions/one')
    expect(one.kind === 'found' && one.znode.stat.ephemeralOwner).toBe(0x145aa1b2c3d0007n)
    expect(tree.facts).toMatchObject({
      form: 'zoocreeper',
      znodes: 8,
      ephemerals: 1,
      roots: ['/'],
      kindsKnown: false,
      unknownAcls: 0,
      impliedParents: 0,
      highestZxid: 0x100000020n,
    })
    expect(await readAll(tree)).toEqual({
      '/': { data: '', acl: OPEN, kind: 'persistent' },
      '/app': { data: null, acl: OPEN, kind: 'unknown' },
      '/app/config': {
        data: 'mode=fast\n',
        acl: [
          { perms: 31, scheme: 'digest', id: OPS },
          { perms: 1, scheme: 'world', id: 'anyone' },
        ],
        kind: 'unknown',
      },
      '/app/empty': { data: '', acl: OPEN, kind: 'unknown' },
      '/app/raw': { data: Buffer.from([...new Array(256).keys()]).toString('latin1'), acl: OPEN, kind: 'unknown' },
      '/app/sessions': { data: '', acl: OPEN, kind: 'unknown' },
      '/app/sessions/one': { data: 'host-1', acl: OPEN, kind: 'ephemeral' },
      '/naïve ünicode': { data: Buffer.from('ü').toString('latin1'), acl: OPEN, kind: 'unknown' },
    })
  })

  it('may be gzip, as with --compress', async () => {
    const packed = await put('backup', gzipSync(await readFile(fixture('zoocreeper.json'))))
    expect(await readAll(await open(packed))).toEqual(await readAll(await open(fixture('zoocreeper.json'))))
  })

  it('of a part of a tree holds that part alone; the parents above are known to be there', async () => {
    const node = '{"ephemeralOwner":0,"data":"eA==","acls":[{"id":"anyone","scheme":"world","perms":31}]}'
    const tree = await open(await put('part.json', `{"/a/b":${node},"/a/b/c":${node}}`))
    expect(tree.facts).toMatchObject({ roots: ['/a/b'], impliedParents: 2, impliedListed: ['/', '/a'] })
    expect(await readAll(tree)).toMatchObject({
      '/': { data: null, unknown: 'content' },
      '/a': { data: null, acl: [], unknown: 'content' },
      '/a/b': { data: 'x', acl: OPEN },
    })
  })
})

describe('zk_shell', () => {
  it('gives values and ACLs in any order; an empty ACL list is one that is not said', async () => {
    const tree = await open(fixture('zk-shell.json'))
    expect(tree.facts).toMatchObject({
      form: 'zk-shell',
      znodes: 4,
      roots: ['/svc'],
      unknownAcls: 1,
      impliedParents: 1,
    })
    expect(await readAll(tree)).toMatchObject({
      '/svc': { data: '', acl: OPEN },
      '/svc/a': { data: null, acl: OPEN },
      '/svc/a/ü': { data: '\u0000ÿ\n', acl: [], unknown: 'acl' },
      '/svc/b': {
        data: 'second',
        acl: [
          { perms: 31, scheme: 'digest', id: OPS },
          { perms: 1, scheme: 'world', id: 'anyone' },
        ],
      },
    })
  })
})

describe('ZooNavigator', () => {
  it('gives the znodes of each exported tree, packed or not', async () => {
    const raw = await readFile(fixture('zoonavigator.json'))
    const tree = await open(await put('znode-export.gz', gzipSync(raw)))
    expect(tree.facts).toMatchObject({ form: 'zoonavigator', znodes: 4, roots: ['/config', '/flags'] })
    const found = await readAll(tree)
    expect(found).toMatchObject({
      '/config': { data: '', acl: OPEN },
      '/config/db': { acl: [{ perms: 17, scheme: 'digest', id: OPS }] },
      '/config/db/pool': { data: '\u0000\u0001', acl: OPEN },
      '/flags': { data: 'on', acl: OPEN },
    })
    expect(await readAll(await open(fixture('zoonavigator.json')))).toEqual(found)
  })

  it('is read at any depth', async () => {
    const acl = '[{"id":"anyone","scheme":"world","permissions":["read"]}]'
    let text = ''
    let path = ''
    for (let i = 0; i < 300; i++) {
      path += `/${i}`
      text += `{"h":{"acl":${acl},"path":"${path}","data":""},"t":[`
    }
    const tree = await open(await put('deep.json', `[${text}${']}'.repeat(300)}]`))
    expect(tree.facts).toMatchObject({ znodes: 300, roots: ['/0'] })
    await tree.close()
  })
})

describe('a folder of files', () => {
  const fill = async () => {
    const top = join(dir, 'tree')
    await mkdir(join(top, 'app', 'deep'), { recursive: true })
    await writeFile(join(top, 'app', '%value'), 'own')
    await writeFile(join(top, 'app', 'a%25%2E%20b'), Buffer.from([0, 1, 255]))
    await writeFile(join(top, 'app', 'deep', 'empty'), '')
    await writeFile(join(dir, 'secret'), 'not yours')
    await symlink(join(dir, 'secret'), join(top, 'app', 'link'))
    await symlink(dir, join(top, 'loop'))
    return top
  }
  const EXPECTED = {
    '/': { data: null, acl: [], kind: 'persistent', unknown: 'content' },
    '/app': { data: 'own', acl: [], kind: 'unknown', unknown: 'acl' },
    '/app/a%. b': { data: '\u0000\u0001ÿ', acl: [], kind: 'unknown', unknown: 'acl' },
    '/app/deep': { data: null, acl: [], kind: 'unknown', unknown: 'content' },
    '/app/deep/empty': { data: '', acl: [], kind: 'unknown', unknown: 'acl' },
  }
  const skipped = {
    total: 2,
    listed: expect.arrayContaining([
      { name: 'app/link', why: 'a link' },
      { name: 'loop', why: 'a link' },
    ]),
  }

  it('is a tree when it is named as one; links are told and not followed', async () => {
    const tree = await open(`directory:${await fill()}`)
    expect(tree.facts).toMatchObject({ roots: ['/app'], unknownAcls: 3, unknownContents: 1, skipped })
    // Not missing: whoever mirrors the folder must not delete what the link stands for.
    expect(await tree.get('/app/link')).toMatchObject({ kind: 'unreadable' })
    const hidden: string[] = []
    for await (const batch of tree.readSubtree('/')) hidden.push(...batch.unreadable.map((place) => place.path))
    expect(hidden).toEqual(['/app/link'])
    expect(await readAll(tree)).toEqual(EXPECTED)
  })

  it('is not taken for one unasked', async () => {
    await expect(openPath(await fill())).rejects.toMatchObject({ code: 'NOT_A_SNAPSHOT', remedy: /directory:/ })
  })

  it.each(['gnu', 'ustar', 'pax'])('may come as a %s tar', async (format) => {
    const top = await fill()
    const long = 'n'.repeat(90)
    await mkdir(join(top, 'app', 'deep', long))
    await writeFile(join(top, 'app', 'deep', long, 'ü'), 'far')
    const tar = join(dir, 'tree.tgz')
    await run('tar', [`--format=${format}`, '-C', top, '-czf', tar, '.'])
    const tree = await open(tar)
    expect(tree.facts.skipped).toEqual(skipped)
    const found = await readAll(tree)
    expect(found[`/app/deep/${long}/ü`]).toMatchObject({ data: 'far' })
    expect(found).toMatchObject(EXPECTED)
  })

  it.each([
    ['../../etc/passwd', 'BAD_IMPORT_PATH'],
    ['/etc/passwd', 'BAD_IMPORT_PATH'],
    ['a/%zz', 'BAD_IMPORT_PATH'],
    ['a/x%2fy', 'BAD_IMPORT_PATH'],
    ['a/%2E%2E', 'BAD_IMPORT_PATH'],
    ['a/%00', 'BAD_IMPORT_PATH'],
    ['zookeeper/%C3', 'BAD_IMPORT_PATH'],
  ])('refuses a tar with the name %s', async (name, code) => {
    await expect(open(await put('bad.tar', tarOf([name, 'x'])))).rejects.toMatchObject({ code })
  })

  it('refuses two files for one znode, a tar that is cut, and one whose header was changed', async () => {
    await expect(open(await put('twice.tar', tarOf(['a', 'x'], ['%61', 'y'])))).rejects.toMatchObject({
      code: 'DUPLICATE_IMPORT',
    })
    const sound = tarOf(['a', 'x'])
    for (const end of [512, 513, 1023, 1024]) {
      await expect(open(await put('cut.tar', sound.subarray(0, end)))).rejects.toMatchObject({ code: 'TRUNCATED' })
    }
    const changed = Buffer.from(sound)
    changed[3] = 0x41
    await expect(open(await put('changed.tar', changed))).rejects.toMatchObject({ code: 'BAD_IMPORT' })
    await expect(open(await put('empty.tar', gzipSync(tarOf(['./', null]))))).rejects.toMatchObject({
      code: 'EMPTY_IMPORT',
    })
  })
})

describe('what cannot be taken over', () => {
  const sound = (data: string) => `{"ephemeralOwner":0,"data":${data},"acls":[]}`
  it.each([
    ['cut JSON', `{"/a":${sound('"eA=="')}`, 'TRUNCATED', /at byte \d+/],
    ['base64 that is none', `{"/a":${sound('"e A=="')}`, 'BAD_BASE64', /"data" of \/a .*at byte 6/],
    ['base64 of another alphabet', `{"/a":${sound('"-_8="')}`, 'BAD_BASE64', /at byte/],
    ['a path that is relative', `{"a/b":${sound('null')}}`, 'BAD_IMPORT_PATH', /"a\/b"/],
    ['a path with dots', `{"/a/../b":${sound('null')}}`, 'BAD_IMPORT_PATH', /\.\./],
    [
      'a path that is there twice',
      `{"/a":${sound('null')},"/b":${sound('null')},"/a":${sound('"eA=="')}}`,
      'DUPLICATE_IMPORT',
      /\/a is in the file twice/,
    ],
    ['a znode without a value', '{"/a":{"acls":[],"ephemeralOwner":0}}', 'BAD_IMPORT', /\/a has no "data"/],
    ['a znode that is a text', `{"/b":${sound('null')},"/a":"x"}`, 'BAD_IMPORT', /\/a is not/],
    ['an ACL without rights', '{"/a":{"data":null,"acls":[{"id":"anyone","scheme":"world"}]}}', 'BAD_IMPORT', /perms/],
    [
      'a session of more than 64 bits',
      '{"/a":{"ephemeralOwner":99999999999999999999,"data":null,"acls":[]}}',
      'BAD_IMPORT',
      /64 bits/,
    ],
    ['nothing at all', '{ }', 'EMPTY_IMPORT', /no znode/],
    ['an empty list', '[]', 'EMPTY_IMPORT', /empty/],
    [
      'a right that there is none of',
      '[{"h":{"path":"/a","data":"","acl":[{"scheme":"world","id":"anyone","permissions":["fly"]}]},"t":[]}]',
      'BAD_IMPORT',
      /fly/,
    ],
    ['a tree without its znode', '[{"t":[]}]', 'BAD_IMPORT', /no znode/],
    ['a second document', `{"/a":${sound('null')}}{"/b":${sound('null')}}`, 'UNKNOWN_FORM', /at byte/],
    ['a content that is no text', '{"/a":{"content":7,"acls":[]}}', 'BAD_IMPORT', /content/],
  ])('%s is one message with its place', async (_, text, code, message) => {
    await expect(openPath(await put('bad.json', text))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      unaffected: 'nothing was imported',
    })
  })

  it('a value that no server would take', async () => {
    const value = Buffer.alloc((16 << 20) + 1).toString('base64')
    await expect(open(await put('big.json', `{"/a":${sound(`"${value}"`)}}`))).rejects.toMatchObject({
      code: 'IMPORT_TOO_LARGE',
    })
  })

  it('a path that stands for gigabytes of parents, however small it was when packed', async () => {
    const deep = { [`${'/a'.repeat(100_000)}`]: { content: '', acls: [] } }
    const path = await put('deep.json.gz', gzipSync(JSON.stringify(deep)))
    await expect(openForeign(path, 'zk-shell')).rejects.toMatchObject({ code: 'IMPORT_TOO_LARGE' })
  })

  it('a form that was named and is another', async () => {
    for (const form of ['zoocreeper', 'zk-shell', 'jsonl'] as const) {
      await expect(openForeign(fixture('zoonavigator.json'), form), form).rejects.toMatchObject({
        code: 'UNKNOWN_FORM',
      })
    }
    await expect(openForeign(fixture('zk-shell.json'), 'zoocreeper')).rejects.toMatchObject({ code: 'BAD_IMPORT' })
    await expect(openForeign(fixture('zk-shell.json'), 'directory')).rejects.toMatchObject({ code: 'BAD_IMPORT' })
  })

  it('a packing that is not whole', async () => {
    const packed = gzipSync(Buffer.from(`{"/a":${sound('"eA=="')},"/b":${sound('null')}}`))
    await expect(openForeign(await put('cut.gz', packed.subarray(0, -9)), 'zoocreeper')).rejects.toMatchObject({
      code: 'TRUNCATED',
    })
  })
})

/** A ustar of files (and folders, where the content is null). */
function tarOf(...files: (readonly [string, string | null])[]): Buffer {
  const blocks = files.flatMap(([name, content]) => {
    const body = Buffer.from(content ?? '')
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        ', 148)
    header.write(content === null ? '5' : '0', 156)
    header.write('ustar\x0000', 257)
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    )
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
