import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { findFreePort, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import type { ClusterTarget, LiveEvent } from './connection.ts'
import { ZooKeeperError } from './errors.ts'
import { createZooKeeper } from './zookeeper.ts'

const zooKeeper = createZooKeeper()
const USERS = { bob: 'bob"s \\ secret', alice: 'älice', emoji: 'π☃' }
let dir = ''
let port = 0
let server: ZooKeeperServer

/** A server that carries out nothing for a session without SASL. */
async function start(): Promise<ZooKeeperServer> {
  return startZooKeeper({
    dataDir: join(dir, 'data'),
    clientPort: port,
    javaProperties: { 'java.security.auth.login.config': join(dir, 'jaas.conf') },
    config: {
      sessionRequireClientSASLAuth: 'true',
      'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
    },
  })
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-sasl-'))
  port = await findFreePort()
  const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
  const users = Object.entries(USERS).map(([name, password]) => `  user_${name}=${quote(password)}`)
  const login = `Server {\n  org.apache.zookeeper.server.auth.DigestLoginModule required\n${users.join('\n')};\n};\n`
  await writeFile(join(dir, 'jaas.conf'), login)
  server = await start()
})
afterAll(async () => {
  await server?.stop()
  await rm(dir, { recursive: true, force: true })
})

const as = (user: keyof typeof USERS, password = USERS[user]): ClusterTarget => ({
  connectString: server.connectString,
  auth: [{ scheme: 'sasl', id: `${user}:${password}` }],
})

async function failure(to: ClusterTarget): Promise<ZooKeeperError> {
  try {
    const connection = await zooKeeper.connect(to)
    try {
      await connection.get('/')
    } finally {
      await connection.close()
    }
  } catch (error) {
    if (error instanceof ZooKeeperError) return error
    throw error
  }
  throw new Error('it was let in')
}

async function lastStep(to: ClusterTarget) {
  let last = null
  for await (const step of zooKeeper.testConnection(to)) last = step
  return last
}

test('a user with the password is let in, on both kinds of sessions, and is who ACLs mean', async () => {
  const bob = await zooKeeper.connect(as('bob'))
  const alice = await zooKeeper.connect(as('alice'))
  try {
    const acl = [{ perms: 31, scheme: 'sasl', id: 'bob' }]
    await bob.create({ path: '/of-bob', data: Buffer.from('his'), acl, kind: 'persistent' })
    await bob.create({ path: '/open', data: Buffer.from('all'), acl: OPEN_ACL, kind: 'persistent' })
    expect(await bob.get('/of-bob')).toMatchObject({ kind: 'found', znode: { acl } })
    expect(await alice.get('/of-bob')).toMatchObject({ kind: 'unreadable' })
    const paths: string[] = []
    const walk = bob.walk(['/'], { sessions: 2 })
    for await (const { znodes } of walk.stream) paths.push(...znodes.map(({ path }) => path))
    expect([paths, walk.facts().unreadable]).toEqual([['/', '/of-bob', '/open'], []])
  } finally {
    await Promise.all([bob.close(), alice.close()])
  }
  expect(await lastStep(as('emoji'))).toMatchObject({
    name: 'identity',
    ok: true,
    message: expect.stringContaining('sasl:emoji'),
  })
})

test('a wrong password, an unknown user, and no SASL at all are AUTH_FAILED, and say nothing secret', async () => {
  for (const wrong of [as('bob', 'planted'), { ...as('bob'), auth: [{ scheme: 'sasl', id: 'nobody:planted' }] }]) {
    const error = await failure(wrong)
    expect(error).toMatchObject({ code: 'AUTH_FAILED' })
    expect(error.message).toMatch(/refused the SASL user or password/)
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain('planted')
    expect(await lastStep(wrong)).toMatchObject({ name: 'authenticate', ok: false })
  }
  const without = { connectString: server.connectString }
  expect(await failure(without)).toMatchObject({ code: 'AUTH_FAILED' })
  expect((await lastStep(without))?.message).toMatch(/serves nobody without SASL.*Kerberos is not supported/)
})

test('a session proves itself again after a reconnect', async () => {
  const bob = await zooKeeper.connect(as('bob'))
  const state = (wanted: string) =>
    new Promise<void>((resolve) => {
      bob.onEvent((event: LiveEvent) => {
        if (event.kind === 'connection' && event.state === wanted) resolve()
      })
    })
  const back = state('connected')
  const { sessionId } = bob
  await server.stop()
  server = await start()
  await back
  expect(await bob.get('/of-bob')).toMatchObject({ kind: 'found' })
  expect(bob.sessionId).toBe(sessionId)
  await bob.close()
  // The session is over already, which is as good; a live holder would take it back again and again.
  await zooKeeper.endSession(as('bob'), bob.sessionTicket)
})
