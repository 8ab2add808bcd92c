import { describe, expect, test } from 'vitest'
import { buildTree } from '../../testing/znode-builder.ts'
import type { Znode } from '../znode/znode.ts'
import { ADLER_START, adler32 } from './adler32.ts'
import { BodyCheck } from './check-body.ts'
import { SnapshotError } from './errors.ts'
import { SnapshotReader } from './read-snapshot.ts'
import { SnapshotBody } from './write-snapshot.ts'

const closed = [{ perms: 1, scheme: 'digest', id: 'ops:x' }]
const tree = buildTree([
  { path: '/a', data: 'hello', acl: closed },
  { path: '/b/session', kind: 'ephemeral' },
  { path: '/c', kind: 'container' },
  { path: '/t', kind: 'ttl' },
])

const add = (check: BodyCheck, { bytes, firstPath }: { bytes: Buffer; firstPath: string }) =>
  check.add(bytes, firstPath, adler32(ADLER_START, bytes))

/** Blocks of about two znodes each, and the ACL table that a file of them would begin with. */
async function blocksOf(znodes: readonly Znode[]) {
  const body = new SnapshotBody({ blockBytes: 200 })
  const blocks = [...znodes.map((znode) => body.add(znode)), body.end()].filter((block) => block !== null)
  const { head } = body.finish(ADLER_START)
  async function* once() {
    yield head
  }
  return { blocks, acls: (await new SnapshotReader(once()).readHead()).acls }
}

test('sound blocks give the counts and the checksum of what they hold', async () => {
  const { blocks, acls } = await blocksOf(tree)
  expect(blocks.length).toBeGreaterThan(2)
  const check = new BodyCheck()
  for (const block of blocks) add(check, block)
  check.finish(acls)
  const whole = Buffer.concat(blocks.map((block) => block.bytes))
  expect(check).toMatchObject({
    records: tree.length,
    dataBytes: 5,
    bytes: whole.length,
    adler: adler32(ADLER_START, whole),
    byKind: { persistent: tree.length - 3, ephemeral: 1, container: 1, ttl: 1 },
  })
})

describe('refuses', () => {
  test('a block that ends inside a znode', async () => {
    const { blocks } = await blocksOf(tree)
    const { bytes, firstPath } = blocks[0]!
    for (const cut of [1, 5, bytes.length - 1])
      expect(() => add(new BodyCheck(), { bytes: bytes.subarray(0, cut), firstPath })).toThrow(
        expect.objectContaining({ code: 'BAD_LENGTH' }),
      )
  })

  test('another first path than the index says', async () => {
    const { blocks } = await blocksOf(tree)
    expect(() => add(new BodyCheck(), { bytes: blocks[0]!.bytes, firstPath: '/a' })).toThrow(/expected \/a, found \//)
  })

  test('blocks that were exchanged, left out or repeated', async () => {
    const { blocks } = await blocksOf(tree)
    for (const order of [
      [1, 0],
      [0, 0],
      [0, blocks.length - 1, 1],
    ]) {
      const check = new BodyCheck()
      const all = () => {
        for (const at of order) add(check, blocks[at]!)
      }
      expect(all).toThrow(SnapshotError)
    }
  })

  test('an ACL id that the table lacks', async () => {
    const { blocks } = await blocksOf(tree)
    const { acls } = await blocksOf(tree.map((znode) => ({ ...znode, acl: closed })))
    const check = new BodyCheck()
    for (const block of blocks) add(check, block)
    expect(() => check.finish(acls)).toThrow(expect.objectContaining({ code: 'UNKNOWN_ACL' }))
  })
})
