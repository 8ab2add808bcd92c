import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseConf, parseMntr, parseSrvr } from './parse-words.ts'
import { fillNumbers, NO_NUMBERS, readMonitor } from './read-monitor.ts'

/** As servers of these lines answer, shortened. */
const LEADER_39 = [
  'zk_version\t3.9.5-293c895a8d966a3ecb92872be4a1daf87d725da2, built on 2026-02-11 20:18 UTC',
  'zk_server_state\tleader',
  'zk_ephemerals_count\t7',
  'zk_num_alive_connections\t12',
  'zk_avg_latency\t0.4286',
  'zk_min_latency\t0',
  'zk_max_latency\t31',
  'zk_outstanding_requests\t3',
  'zk_znode_count\t1005',
  'zk_max_file_descriptor_count\t9223372036854775807',
  'zk_open_file_descriptor_count\t52',
  'zk_approximate_data_size\t5000000000',
  'zk_last_proposal_size\t-1',
  'zk_uptime\t578',
  'zk_learners\t2',
  'zk_synced_followers\t2',
  'zk_quorum_size\t3',
  'zk_cnt_readlatency\t10',
  'zk_sum_readlatency\t25',
  'zk_digest_mismatches_count\t0',
].join('\n')

const LEADER_34 = [
  'zk_version\t3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf, built on 03/06/2019 16:18 GMT',
  'zk_avg_latency\t0',
  'zk_server_state\tleader',
  'zk_znode_count\t5',
  'zk_followers\t2',
  'zk_synced_followers\t1',
].join('\n')

const SRVR = `Zookeeper version: 3.8.0-\${mvngit.commit.id}, built on 2024-12-29 17:54 UTC
Latency min/avg/max: 0/1.5/30
Received: 3
Sent: 4
Connections: 1
Outstanding: 0
Zxid: 0x200000003
Mode: follower
Node count: 5
`

describe('readMonitor', () => {
  it('reads what a 3.9 leader tells', () => {
    expect(readMonitor(parseMntr(`${LEADER_39}\n`))).toMatchObject({
      role: 'leader',
      version: '3.9.5',
      uptimeMs: 578n,
      connections: 12,
      latencyAvg: 0.4286,
      latencyMax: 31,
      outstanding: 3,
      znodes: 1004,
      ephemerals: 7,
      openFiles: 52,
      openFilesMax: 9223372036854775807n,
      dataBytes: 5_000_000_000n,
      learners: 2,
      syncedFollowers: 2,
      quorumSize: 3,
      readCount: 10n,
      readMs: 25n,
      digestMismatches: 0,
      zxid: null,
    })
  })

  it('takes what a 3.4 leader tells, and nothing for what it does not know', () => {
    expect(readMonitor(parseMntr(LEADER_34))).toMatchObject({
      version: '3.4.14',
      role: 'leader',
      latencyAvg: 0,
      znodes: 4,
      learners: 2,
      syncedFollowers: 1,
      quorumSize: null,
      digestMismatches: null,
      uptimeMs: null,
    })
  })

  // As servers of three answered that had just begun, in corpus/; without the quantiles of 3.6 and later, which nobody reads.
  const [before36, since36] = [
    { uptimeMs: null, quorumSize: null, digestMismatches: null, readCount: null, elections: null },
    { quorumSize: 3, digestMismatches: 0, readCount: 0n, fsyncCount: 0n, elections: 1, sessionsExpired: 0n },
  ]
  const [leads, follows] = [
    { role: 'leader', learners: 2, syncedFollowers: 2 },
    { role: 'follower', learners: null, syncedFollowers: null },
  ]
  it.each([
    ['3.4.14', 'follower', { ...before36, ...follows, znodes: 3, dataBytes: 27n }],
    ['3.4.14', 'leader', { ...before36, ...leads, znodes: 3, dataBytes: 27n }],
    ['3.5.10', 'leader', { ...before36, ...leads, znodes: 4, dataBytes: 182n }],
    ['3.6.4', 'follower', { ...since36, ...follows, znodes: 4, dataBytes: 182n }],
    ['3.6.4', 'leader', { ...since36, ...leads, znodes: 4, dataBytes: 182n }],
    ['3.7.2', 'leader', { ...since36, ...leads, znodes: 4, dataBytes: 182n }],
  ])('reads what %s tells as %s', (version, role, expected) => {
    const text = readFileSync(new URL(`corpus/mntr-${version}-${role}.txt`, import.meta.url), 'utf8')
    expect(readMonitor(parseMntr(text))).toMatchObject({
      version,
      latencyAvg: 0,
      outstanding: 0,
      connections: 1,
      openFilesMax: 20000n,
      zxid: null,
      ...expected,
    })
  })

  it('holds -1 for not known, which is what the server means by it', () => {
    expect(readMonitor(parseMntr(LEADER_39)).proposalLastBytes).toBeNull()
  })

  it('reads the AdminServer’s JSON and srvr by the same names', () => {
    const admin = readMonitor({
      server_state: 'follower',
      znode_count: 5,
      avg_latency: 1.5,
      last_processed_zxid: 8589934595,
    })
    expect(admin).toMatchObject({ role: 'follower', znodes: 4, latencyAvg: 1.5, zxid: 0x200000003n })
    expect(readMonitor(parseSrvr(SRVR))).toMatchObject({
      role: 'follower',
      version: '3.8.0',
      latencyMin: 0,
      latencyAvg: 1.5,
      latencyMax: 30,
      packetsReceived: 3n,
      packetsSent: 4n,
      connections: 1,
      outstanding: 0,
      zxid: 0x200000003n,
      znodes: 4,
    })
  })

  it.each([
    ['a role of another version', { server_state: 'leading' }, 'role'],
    ['a number beyond the column', { watch_count: 3_000_000_000 }, 'watches'],
    ['a number beyond 64 bits', { approximate_data_size: '9223372036854775808' }, 'dataBytes'],
    ['words', { outstanding_requests: 'many' }, 'outstanding'],
    ['nothing', { connections: '' }, 'connections'],
  ] as const)('gives null for %s', (_name, answer, column) => {
    expect(readMonitor(answer)[column]).toBeNull()
  })

  it('fills gaps of one answer from another, never the other way round', () => {
    const filled = fillNumbers(
      readMonitor({ outstanding_requests: 1 }),
      readMonitor({ outstanding_requests: 9, uptime: 5 }),
    )
    expect(filled).toEqual({ ...NO_NUMBERS, outstanding: 1, uptimeMs: 5n })
  })
})

it('conf is its key=value lines', () => {
  expect(parseConf('clientPort=2181\nmembership: \nserver.1=zk1:2888:3888:participant\nversion=0')).toEqual({
    clientPort: '2181',
    'server.1': 'zk1:2888:3888:participant',
    version: '0',
  })
})
