import { expect, it } from 'vitest'
import type { SeenTree, SeenZnode } from '../chaos/bare-reader.ts'
import { findParted, type MemberRead } from './read-members.ts'

const znode: SeenZnode = { data: 'a', acl: '', version: 0, cversion: 0, aversion: 0 }
const tree = (...entries: [string, SeenZnode][]): SeenTree => new Map([['/', znode], ...entries])
const read = (name: string, seen: SeenTree, more: Partial<MemberRead> = {}): MemberRead => {
  return { name, isLeader: name === 'zk2', tree: seen, complaints: [], ...more }
}

it('names the member that parted from its leader, where, and what it said itself', () => {
  const whole = tree(['/a', znode])
  const own = tree(['/a', znode], ['/arkeeper-chaos-mark', znode], ['/zookeeper/config', znode])
  expect(findParted([read('zk1', own), read('zk2', whole), read('zk3', whole)])).toEqual([])
  const [less, changed, more, ...rest] = findParted([
    read('zk1', tree(), { complaints: ['digest_mismatches_count 4'] }),
    read('zk2', whole),
    read('zk3', tree(['/a', { ...znode, version: 1 }])),
    read('zk4', tree(['/a', znode], ['/b', znode])),
  ])
  expect(less).toMatch(/^server parted: zk1 and its leader zk2 differ at 1 of 2 znodes \(1 lacking, 0 more\), at \/a/)
  expect(less).toContain('it says: digest_mismatches_count 4')
  expect(changed).toContain('zk3 and its leader zk2 differ at 1 of 2 znodes (0 lacking, 0 more), at /a')
  expect(more).toContain('zk4 and its leader zk2 differ at 1 of 3 znodes (0 lacking, 1 more), at /b')
  expect(rest).toEqual([])
})

it('hears a leader that complains of its own digest', () => {
  const reads = [read('zk1', tree()), read('zk2', tree(), { complaints: ['digest_mismatches_count 1'] })]
  expect(findParted(reads)).toEqual(['server parted: zk2 complained of its digest; it says: digest_mismatches_count 1'])
})
