import { expect, it } from 'vitest'
import { parseAddresses, parseEphemerals, parseWatchedPaths, parseWatches } from './report-words.ts'

// As servers of 3.8.0 and 3.9.5 write them.
it('reads wchs', () => {
  expect(parseWatchedPaths('2 connections watching 3 paths\nTotal watches:4\n')).toBe(3)
  expect(parseWatchedPaths('')).toBeNull()
})

it('reads wchp: a path may have several sessions, spaces, and come twice', () => {
  const text = '/a/b\n\t0x10000b1e4050000\n\t0xff000b1e4050001\n/c d\n\t0x1\n/a/b\n\t0x2\n\n'
  expect(parseWatches(text)).toEqual(
    new Map([
      ['/a/b', [0x10000b1e4050000n, BigInt.asIntN(64, 0xff000b1e4050001n), 2n]],
      ['/c d', [1n]],
    ]),
  )
  expect(parseWatches('\n').size).toBe(0)
})

it('reads the ephemerals of dump and nothing else of it', () => {
  const text =
    'SessionTracker dump:\nSession Sets (1)/(2):\n2 expire at Wed Nov 25 21:33:04 UTC 2026:\n\t0x10000b1e4050001\n\t0x10000b1e4050000\n' +
    'ephemeral nodes dump:\nSessions with Ephemerals (2):\n0x10000b1e4050000:\n\t/c/e\n\t/c/f g\n0x2:\n\t/d\n' +
    'Connections dump:\nConnections Sets (2)/(3):\n1 expire at Wed Nov 25 21:32:44 UTC 2026:\n\tip: /127.0.0.1:60410 sessionId: 0x0\n'
  expect(parseEphemerals(text)).toEqual(
    new Map([
      [0x10000b1e4050000n, ['/c/e', '/c/f g']],
      [2n, ['/d']],
    ]),
  )
})

it('reads cons: connections without session are left out, IPv6 is kept', () => {
  const text =
    ' /127.0.0.1:60376[1](queued=0,recved=3,sent=3,sid=0x10000b1e4050001,lop=SYNC,est=1795642353411,to=30000)\n' +
    ' /127.0.0.1:60412[0](queued=0,recved=1,sent=0)\n /[0:0:0:0:0:0:0:1]:60358[1](queued=0,recved=7,sent=7,sid=0x2,lop=EXIS)\n\n'
  expect(parseAddresses(text)).toEqual(
    new Map([
      [0x10000b1e4050001n, '127.0.0.1:60376'],
      [2n, '[0:0:0:0:0:0:0:1]:60358'],
    ]),
  )
})
