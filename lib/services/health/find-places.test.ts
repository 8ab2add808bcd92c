import { expect, it } from 'vitest'
import type { ServerPlace } from '../clusters/admin-places.ts'
import { findPlaces } from './find-places.ts'
import { type KnownSettings, NOTHING_KNOWN } from './settings-store.ts'

const at = (url: string): ServerPlace => ({ name: url, member: null, target: { url } })
const shown = (places: ReturnType<typeof findPlaces>) =>
  places.map(({ server, client, target }) => [server, client, target?.url ?? null])

const told = (url: string, clientAddress: string | null, clientPort: number | null) => ({
  server: url,
  url,
  readAt: '2026-01-01T00:00:00.000Z',
  serverId: null,
  clientPort,
  clientAddress,
  properties: null,
  zooCfg: null,
  running: null,
})

it('joins an AdminServer with the one server on its host', () => {
  expect(
    shown(findPlaces('zk1:2181,zk2:2181/app', [at('http://zk2:8080'), at('http://other:8080')], NOTHING_KNOWN)),
  ).toEqual([
    ['zk1:2181', 'zk1:2181', null],
    ['zk2:2181', 'zk2:2181', 'http://zk2:8080'],
    ['http://other:8080', null, 'http://other:8080'],
  ])
})

it('joins by what an AdminServer says of itself where several servers share a host', () => {
  const known: KnownSettings = {
    servers: [
      told('http://h:8081', 'h:2181', 2181),
      told('http://h:8082', null, 2182),
      told('http://h:8083', 'h:2199', 2199),
    ],
    members: null,
    ttlZnodes: null,
  }
  const places = [at('http://h:8081'), at('http://h:8082'), at('http://h:8083')]
  expect(shown(findPlaces('h:2181,h:2182', places, known))).toEqual([
    ['h:2181', 'h:2181', 'http://h:8081'],
    ['h:2182', 'h:2182', 'http://h:8082'],
    // Not in the connect string: named by its own word.
    ['h:2199', null, 'http://h:8083'],
  ])
})

it('adds members that the connect string leaves out, and none that it may name in another way', () => {
  const member = (id: number) => ({ id, host: `zk${id}`, isVoter: true, client: `zk${id}:2181` })
  const members = [member(1), member(2), member(3)]
  expect(findPlaces('zk1:2181', [], { servers: [], members, ttlZnodes: null }).map(({ server }) => server)).toEqual([
    'zk1:2181',
    'zk2:2181',
    'zk3:2181',
  ])
  expect(findPlaces('10.0.0.1,10.0.0.2,10.0.0.3', [], { servers: [], members, ttlZnodes: null })).toHaveLength(3)
})
