import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TempStore } from '../../adapters/archive/archive-builder.ts'
import type { ArchiveDescription } from '../../adapters/archive/store.ts'
import { ADLER_START, adler32 } from '../../domain/snapshot/adler32.ts'
import { encodeSnapshot } from '../../domain/snapshot/write-snapshot.ts'
import { buildTree } from '../../testing/znode-builder.ts'
import { ownerSessionsOf } from './owner-sessions.ts'

const LIVING = 0x1001n
const DEAD = 0x1002n
const tree = buildTree([
  { path: '/living', kind: 'ephemeral' },
  { path: '/orphan', kind: 'ephemeral', stat: { ephemeralOwner: DEAD } },
])

let store: TempStore
beforeEach(async () => {
  store = await TempStore.create()
})
afterEach(() => store.remove())

async function told(description: Partial<ArchiveDescription>): Promise<string[]> {
  const { dir } = await store.write(tree, description)
  const archive = await store.archives.open(dir)
  try {
    return [LIVING, DEAD].map(ownerSessionsOf(archive))
  } finally {
    await archive.close()
  }
}

describe('ownerSessionsOf', () => {
  const sessions = new Map([[LIVING, 30_000]])

  it('knows what the files of a server said when the backup was made of them', async () => {
    expect(await told({ source: 'files', sessions })).toEqual(['alive', 'dead'])
  })

  it.each<[string, Partial<ArchiveDescription>]>([
    ['a walk over the client port', { source: 'client' }],
    ['files without a list of sessions', { source: 'files' }],
    [
      'a fuzzy state, whose later sessions are not in the list',
      { source: 'admin', sessions, consistency: { class: 'fuzzy', from: '0x1', to: '0x1a', moved: [] } },
    ],
  ])('claims nothing of %s', async (_name, description) => {
    expect(await told(description)).toEqual(['unknown', 'unknown'])
  })

  it('reads the list of sessions of a snapshot file', async () => {
    // Ours list every owner, as a server does; the list is made to name the living one twice, and the seal is set again.
    const bytes = await encodeSnapshot([{ znodes: tree, unreadable: [] }], { sessions })
    expect(bytes.readInt32BE(16)).toBe(2)
    for (const at of [20, 32]) bytes.writeBigInt64BE(LIVING, at)
    const sealAt = bytes.length - 13
    bytes.writeBigInt64BE(BigInt(adler32(ADLER_START, bytes, 0, sealAt)), sealAt)
    const file = join(store.dir, 'snapshot.1a')
    await writeFile(file, bytes)
    const reader = await store.archives.openPath(file)
    try {
      expect([LIVING, DEAD].map(ownerSessionsOf(reader))).toEqual(['alive', 'dead'])
    } finally {
      await reader.close()
    }
  })
})
