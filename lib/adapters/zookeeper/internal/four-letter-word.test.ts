import { expect, test } from 'vitest'
import { explainRefusedStatus, parseServerStatus } from './four-letter-word.ts'

const SRVR = `Zookeeper version: 3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25 08:49 UTC
Latency min/avg/max: 0/1.5/34
Received: 1234
Sent: 1300
Connections: 3
Outstanding: 0
Zxid: 0x500000abc
Mode: leader
Node count: 1044
Proposal sizes last/min/max: 32/32/36
`

test('srvr is read, the root counted once', () => {
  expect(parseServerStatus(SRVR)).toEqual({
    mode: 'leader',
    version: '3.8.0',
    zxid: 0x500000abcn,
    znodeCount: 1043,
    connections: 3,
    latencyMs: 1.5,
  })
})

test('an answer that is no status says why', () => {
  expect(parseServerStatus('srvr is not executed because it is not in the whitelist.\n')).toBeNull()
  expect(explainRefusedStatus('srvr is not executed because it is not in the whitelist.')).toMatch(/4lw/)
  expect(explainRefusedStatus('This ZooKeeper instance is not currently serving requests')).toMatch(/quorum/)
  expect(explainRefusedStatus('')).toMatch(/without an answer/)
})
