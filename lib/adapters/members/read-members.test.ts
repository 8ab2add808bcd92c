import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMembers, parseMembers } from './read-members.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-members-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const parse = (members: unknown) => parseMembers(JSON.stringify({ members }), 'arkeeper.json')

describe('the members file', () => {
  it('gives every field, and null for what is not told', () => {
    const full = {
      cluster: 'orders',
      name: 'zk1',
      dataDir: '/var/lib/zk/version-2/',
      dataLogDir: '/var/log/zk',
      zooCfg: '/etc/zookeeper/zoo.cfg',
      client: 'zk1:2181',
      adminUrl: 'http://zk1:8080',
      stop: ['systemctl', 'stop', 'zookeeper'],
      start: ['systemctl', 'start', 'zookeeper'],
      owner: { uid: 109, gid: 115 },
    }
    expect(parse([full, { cluster: 'orders', name: 'zk2', dataDir: '/data' }])).toEqual([
      { ...full, dataDir: '/var/lib/zk' },
      {
        cluster: 'orders',
        name: 'zk2',
        dataDir: '/data',
        dataLogDir: '/data',
        zooCfg: null,
        client: null,
        adminUrl: null,
        stop: null,
        start: null,
        owner: null,
      },
    ])
  })

  it.each([
    ['a relative folder', [{ cluster: 'a', name: 'b', dataDir: 'data' }], 'members.0.dataDir'],
    ['an unknown field', [{ cluster: 'a', name: 'b', dataDir: '/d', stopCommand: ['x'] }], 'stopCommand'],
    ['a command as one text', [{ cluster: 'a', name: 'b', dataDir: '/d', stop: 'systemctl stop' }], 'members.0.stop'],
    ['an address that is none', [{ cluster: 'a', name: 'b', dataDir: '/d', adminUrl: 'file:///etc' }], 'adminUrl'],
    [
      'the same member twice',
      [
        { cluster: 'a', name: 'b', dataDir: '/d' },
        { cluster: 'a', name: 'b', dataDir: '/e' },
      ],
      'twice',
    ],
    [
      'two members of one cluster in one folder',
      [
        { cluster: 'a', name: 'b', dataDir: '/d/b', dataLogDir: '/logs' },
        { cluster: 'a', name: 'c', dataDir: '/d/c', dataLogDir: '/d/../logs/version-2/' },
      ],
      'the members b and c of a share /logs',
    ],
  ])('refuses %s and names the place', (_what, members, place) => {
    expect(() => parse(members)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(() => parse(members)).toThrow(place)
  })

  it('takes a version-2 at the root for what it is, and one server for two clusters', () => {
    const at = (cluster: string) => ({ cluster, name: 'b', dataDir: '/version-2' })
    expect(parse([at('whole'), at('part')]).map(({ dataDir }) => dataDir)).toEqual(['/', '/'])
  })

  it('is read anew at each call, and may be missing', async () => {
    const file = join(dir, 'arkeeper.json')
    const members = createMembers(file)
    expect(await members.list()).toEqual([])
    await writeFile(file, '{"members": [')
    await expect(members.list()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await writeFile(file, JSON.stringify({ members: [{ cluster: 'a', name: 'b', dataDir: '/d' }] }))
    expect(await members.list()).toHaveLength(1)
    await expect(createMembers(dir).list()).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' })
  })
})
