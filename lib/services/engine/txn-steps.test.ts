import { describe, expect, test } from 'vitest'
import type { ZnodeTouch } from '../../domain/txnlog/visit-touched.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import { NO_STAT } from '../../domain/znode/stat.ts'
import { netOf, toUndoneRun } from './txn-steps.ts'

const create = (path: string, ephemeral = false): ZnodeTouch => ({
  kind: 'create',
  type: 1,
  path,
  data: null,
  acl: OPEN_ACL,
  ephemeral,
  parentCversion: 1,
  ttlMs: null,
})
const set = (path: string, version: number): ZnodeTouch => ({ kind: 'setData', type: 5, path, data: null, version })
const remove = (path: string): ZnodeTouch => ({ kind: 'delete', type: 2, path })
const there = (path: string, stat: Partial<typeof NO_STAT>): ZnodeReading => ({
  kind: 'found',
  numChildren: 0,
  znode: { path, data: null, acl: OPEN_ACL, kind: 'unknown', ttlMs: null, stat: { ...NO_STAT, ...stat } },
})

describe('what a transaction made of its znodes', () => {
  test('is told once for each, whatever its parts did one after the other', () => {
    const { touched, left } = netOf([
      set('/a', 4),
      create('/b'),
      set('/b', 1),
      set('/a', 5),
      remove('/c'),
      create('/c'),
      remove('/d'),
      create('/e'),
      remove('/e'),
    ])
    expect(touched.map(({ path, net, version }) => [path, net, version])).toEqual([
      ['/a', 'changed', 5],
      ['/b', 'created', 1],
      ['/c', 'replaced', 0],
      ['/d', 'deleted', null],
    ])
    expect(left).toEqual([{ path: '/e', why: 'nothing-left' }])
  })

  test('leaves out what belongs to sessions and to the servers', () => {
    const closed: ZnodeTouch = { kind: 'closed', path: '/lock' }
    expect(netOf([create('/mine', true), closed, set('/zookeeper/config', 3)])).toEqual({
      touched: [],
      left: [
        { path: '/mine', why: 'ephemeral' },
        { path: '/lock', why: 'ephemeral' },
        { path: '/zookeeper/config', why: 'system' },
      ],
    })
  })
})

describe('the transaction as a run', () => {
  test('left the very znodes that it touched: a younger one of the same version is another', () => {
    const { touched } = netOf([set('/same', 5), set('/again', 5), create('/new'), remove('/gone')])
    const live = new Map([
      ['/same', there('/same', { czxid: 3n, version: 5, aversion: 2 })],
      ['/again', there('/again', { czxid: 12n, version: 5 })],
    ])
    const { steps, journal } = toUndoneRun(10n, touched, live)
    expect(steps.map(({ step, path }) => [step, path])).toEqual([
      ['setData', '/same'],
      ['setData', '/again'],
      ['create', '/new'],
      ['delete', '/gone'],
    ])
    expect(journal.rewritten.get(0)).toMatchObject({ czxid: 3n, version: 5, aversion: 2 })
    expect(journal.rewritten.get(1)).toMatchObject({ czxid: 0n })
    expect(journal.rewritten.get(2)).toMatchObject({ czxid: 10n, version: 0 })
    expect(journal.findApplied(3)).toEqual({ zxid: 10n })
    expect(journal.findApplied(4)).toBeNull()
  })
})
