import { describe, expect, test } from 'vitest'
import { formatServer, parseConnectString, parseQuorumServers } from './connect-string.ts'
import { ObserverError, ZooKeeperError } from './errors.ts'

describe('parseConnectString', () => {
  test.each([
    ['zk1:2181', [{ host: 'zk1', port: 2181 }], ''],
    ['zk1', [{ host: 'zk1', port: 2181 }], ''],
    [
      ' zk1:2181 , zk2 ',
      [
        { host: 'zk1', port: 2181 },
        { host: 'zk2', port: 2181 },
      ],
      '',
    ],
    [
      'zk1:1,zk1:1,zk1:2',
      [
        { host: 'zk1', port: 1 },
        { host: 'zk1', port: 2 },
      ],
      '',
    ],
    ['10.0.0.1:2182/app/x', [{ host: '10.0.0.1', port: 2182 }], '/app/x'],
    ['zk1:2181/', [{ host: 'zk1', port: 2181 }], ''],
    [
      '[::1]:2182,[fe80::1%eth0]',
      [
        { host: '::1', port: 2182 },
        { host: 'fe80::1%eth0', port: 2181 },
      ],
      '',
    ],
    ['zk_1.example.com.:65535/ä b', [{ host: 'zk_1.example.com.', port: 65_535 }], '/ä b'],
  ])('reads %s', (text, servers, chroot) => {
    expect(parseConnectString(text)).toEqual({ servers, chroot })
  })

  test.each([
    ['', /empty/],
    ['   ', /empty/],
    ['zk1:2181,', /empty host/],
    [',zk1', /empty host/],
    ['/app', /empty host/],
    [':2181', /not a host name/],
    ['zk1:0', /not a port/],
    ['zk1:65536', /not a port/],
    ['zk1:', /not a port/],
    ['zk1:21 81', /not a port/],
    ['zk1:2181:2182', /several colons/],
    ['::1', /brackets/],
    ['[::1', /closing bracket/],
    ['[zk1]:2181', /not an IPv6 address/],
    ['[::1]2181', /follows the closing bracket/],
    ['zk 1:2181', /not a host name/],
    ['-zk:2181', /not a host name/],
    ['http://zk1:2181', /URL/],
    ['zk1:2181/app/', /chroot.*ends with/],
    ['zk1:2181//app', /chroot.*empty name/],
    ['zk1:2181/a/../b', /chroot/],
    ['zk1:2181/a\u0000', /chroot.*U\+0000/],
  ])('refuses %j with the reason', (text, reason) => {
    expect(() => parseConnectString(text)).toThrow(ZooKeeperError)
    expect(() => parseConnectString(text)).toThrow(reason)
  })

  test('a server is written as it can be read again', () => {
    expect(formatServer({ host: '::1', port: 1 })).toBe('[::1]:1')
    expect(formatServer({ host: 'zk1', port: 2 })).toBe('zk1:2')
  })
})

describe('parseQuorumServers', () => {
  test('takes the first ports of server lines, each once', () => {
    expect(parseQuorumServers('zk1:2888, [::1]:2889,zk1:2888')).toEqual([
      { host: 'zk1', port: 2888 },
      { host: '::1', port: 2889 },
    ])
  })

  test.each(['', 'zk1', 'zk1:2888,zk2', '[::1]', 'zk1:2888/app', 'zk1:2888:3888', 'zk1:0'])('refuses %j', (text) => {
    expect(() => parseQuorumServers(text)).toThrow(ObserverError)
    expect(() => parseQuorumServers(text)).toThrow(/no list of quorum ports/)
  })
})
