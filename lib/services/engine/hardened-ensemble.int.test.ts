import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { TlsSettings } from '../../adapters/zookeeper/connection.ts'
import { createObserver } from '../../adapters/zookeeper/create-observer.ts'
import type { ObserverSession } from '../../adapters/zookeeper/observer.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { createTestAuthority } from '../../testing/certificates.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import {
  findCachedVersions,
  type StartEnsembleOptions,
  startEnsemble,
  type ZooKeeperEnsemble,
} from '../../testing/zookeeper-server.ts'
import { diffSources } from './diff-sources.ts'
import { takeObserverBackup } from './take-observer-backup.ts'

const version = findCachedVersions().findLast(({ cached }) => cached)?.version
const context = createEngineContext()
const authority = createTestAuthority('CN=Quorum authority,O=Arkeeper')
const us = authority.issue('CN=arkeeper,O=Arkeeper', { names: ['127.0.0.1'] })
const tls: TlsSettings = { ca: authority.cert, cert: us.cert, key: us.key, checkName: true }

let dir = ''
/** Members that speak TLS with each other and with nobody without a certificate of theirs; and a quorum of one that wants SASL. */
let secured: ZooKeeperEnsemble
let signedIn: ZooKeeperEnsemble
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-hardened-'))
  const [member, trusted, logins] = ['member.pem', 'authority.pem', 'jaas.conf'].map((name) => join(dir, name))
  await writeFile(member!, authority.issue('CN=zk,O=Arkeeper', { names: ['127.0.0.1'] }).both)
  await writeFile(trusted!, authority.cert)
  const login = 'org.apache.zookeeper.server.auth.DigestLoginModule required'
  await writeFile(
    logins!,
    `QuorumServer { ${login} user_zk="secret"; };\nQuorumLearner { ${login} username="zk" password="secret"; };\n`,
  )
  const ticks = { tickTime: '500', initLimit: '40', syncLimit: '20' }
  const start = (size: number, config: Readonly<Record<string, string>>, more: StartEnsembleOptions = {}) =>
    startEnsemble(size, { version, heapMegabytes: 128, ...more, config: { ...ticks, ...config } })
  const startSecured = start(
    2,
    {
      sslQuorum: 'true',
      'ssl.quorum.clientAuth': 'need',
      'ssl.quorum.keyStore.location': member!,
      'ssl.quorum.trustStore.location': trusted!,
    },
    { observerMasters: true },
  )
  const startSignedIn = start(
    1,
    {
      standaloneEnabled: 'false',
      'quorum.auth.enableSasl': 'true',
      'quorum.auth.learnerRequireSasl': 'true',
      'quorum.auth.serverRequireSasl': 'true',
      'quorum.auth.learner.saslLoginContext': 'QuorumLearner',
      'quorum.auth.server.saslLoginContext': 'QuorumServer',
    },
    // DIGEST-MD5 is what FIPS forbids.
    { javaProperties: { 'java.security.auth.login.config': logins!, 'zookeeper.fips-mode': 'false' } },
  )
  ;[secured, signedIn] = await Promise.all([startSecured, startSignedIn])
})
afterAll(async () => {
  await Promise.all([secured?.stop(), signedIn?.stop()])
  await rm(dir, { recursive: true, force: true })
})

const at = (ports: readonly number[], host = '127.0.0.1') => ports.map((port) => ({ host, port }))

describe('an ensemble whose members speak TLS with each other', () => {
  /** Quorum ports, of which the leader's is open; observer masters, of which the follower's is. */
  const ways = [
    ['its leader', () => at(secured.quorumPorts)],
    ['a follower that lets observers in', () => at(secured.observerMasterPorts)],
  ] as const

  /** At the follower: what it has, the leader has. */
  async function connect() {
    const answers = await createZooKeeper().serverStatus({ connectString: secured.connectString })
    const follower = answers.findIndex(({ status }) => status?.mode === 'follower')
    return createZooKeeper().connect({ connectString: secured.servers[follower]!.connectString })
  }

  test.each(ways)('gives the whole tree with a client certificate, by %s', async (_who, servers) => {
    const client = await connect()
    try {
      const tree = new LiveTree(client)
      await tree.create(`/t${servers()[0]!.port}`)
      await tree.fill(`/t${servers()[0]!.port}/n`, 200)
      await client.sync('/')
      // A follower says that it serves just before it lets observers in.
      const taken = await vi.waitFor(
        () =>
          takeObserverBackup(context, {
            quorum: { servers: servers(), tls },
            target: { connectString: secured.connectString },
            clusterName: 'hardened',
            paths: [],
            parentDir: dir,
          }),
        { timeout: 30_000, interval: 50 },
      )
      expect(taken.manifest).toMatchObject({ status: 'complete', consistency: { class: 'exact', proof: 'digest' } })
      const archive = await context.archives.open(taken.dir)
      const diff = diffSources({ left: archive, right: client, path: '/' })
      const changes = []
      for await (const batch of diff.changes) changes.push(...batch)
      expect(changes).toEqual([])
      expect(diff.counts().compared).toBeGreaterThan(200)
      await archive.close()
    } finally {
      await client.close()
    }
  })

  test('goes on by DIFF, takes back and is heard live at a follower as at the leader', async () => {
    const client = await connect()
    const tree = new LiveTree(client)
    const open: ObserverSession[] = []
    const listen = async (from: bigint) => {
      const target = { servers: at(secured.observerMasterPorts), tls }
      const session = await createObserver().open(target, { from, scratchDir: dir, acceptSnapshot: false })
      open.push(session)
      return session
    }
    try {
      const before = await client.sync('/')
      for (let i = 0; i < 10; i++) await tree.create(`/more${i}`)
      const reached = await client.sync('/')
      const session = await listen(before)
      expect(session.start.kind).toBe('diff')
      await tree.create('/live')
      const last = await client.sync('/')
      const heard: bigint[] = []
      for await (const { entries } of session.transactions()) {
        heard.push(...entries.map(({ zxid }) => zxid))
        if (heard.at(-1)! >= last) break
      }
      expect(heard).toEqual(Array.from({ length: Number(last - before) }, (_, i) => before + BigInt(i + 1)))
      expect(reached).toBeLessThan(last)
      expect((await listen(last + 1000n)).start).toMatchObject({ kind: 'truncate', zxid: last })
    } finally {
      await Promise.all(open.map((session) => session.close()))
      await client.close()
    }
  })

  const stranger = createTestAuthority('CN=Other authority')
  const expired = authority.issue('CN=arkeeper', { from: new Date(0), to: new Date(86_400_000) })
  const foreign = stranger.issue('CN=arkeeper', { names: ['127.0.0.1'] })
  test.each<[string, Partial<TlsSettings> | null, string, string, string]>([
    ['no client certificate', { cert: null, key: null }, '127.0.0.1', 'asks for a client certificate', 'trustStore'],
    ['one of another authority', foreign, '127.0.0.1', 'refuses our client certificate', 'trustStore'],
    ['one that has expired', expired, '127.0.0.1', 'our client certificate, which expired', 'valid'],
    ['another authority to trust', { ca: stranger.cert }, '127.0.0.1', 'that is not trusted here', 'authority'],
    ['another name than theirs', {}, 'localhost', 'for another name', 'in the certificate'],
    ['no TLS', null, '127.0.0.1', 'speaks TLS (sslQuorum)', 'authority of the quorum certificates'],
  ])('says what is wrong with %s', async (_what, changes, host, message, remedy) => {
    for (const ports of [secured.quorumPorts, secured.observerMasterPorts]) {
      const target = { servers: at(ports, host), tls: changes && { ...tls, ...changes } }
      await expect(createObserver().open(target, { from: 0n, scratchDir: dir })).rejects.toMatchObject({
        code: 'TLS_FAULT',
        message: expect.stringContaining(message),
        remedy: expect.stringContaining(remedy),
      })
    }
    expect((await readdir(dir)).filter((name) => name.startsWith('snapshot.'))).toEqual([])
  })
})

describe('a quorum that wants SASL of whoever connects', () => {
  test('keeps us out, and is told as that', async () => {
    const target = { servers: at(signedIn.quorumPorts) }
    await expect(createObserver().open(target, { from: 0n, scratchDir: dir })).rejects.toMatchObject({
      code: 'SASL_REQUIRED',
      remedy: expect.stringContaining('quorum.auth.serverRequireSasl'),
    })
  })

  test('speaks no TLS, and TLS to its plain port is told as that', async () => {
    const target = { servers: at(signedIn.quorumPorts), tls }
    await expect(createObserver().open(target, { from: 0n, scratchDir: dir })).rejects.toMatchObject({
      code: 'TLS_FAULT',
      message: expect.stringContaining('does not speak TLS'),
      remedy: expect.stringContaining('sslQuorum is off'),
    })
  })
})
