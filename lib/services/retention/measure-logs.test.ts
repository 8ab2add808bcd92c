import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseServerFile } from '../../domain/retention/server-file.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { encodeLog, type TxnSketch } from '../../testing/log-builder.ts'
import { measureLogs } from './measure-logs.ts'
import type { FileOnDisk } from './read-member-files.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-logs-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const MINUTE_MS = 60_000
const START_MS = 1_700_000_000_000 - (1_700_000_000_000 % MINUTE_MS)
const PLENTY = { bytesMax: 64 << 20 }

/** One transaction a second from this zxid on. */
const txns = (zxid: bigint, count: number, type: number = TXN_TYPE.error): TxnSketch[] =>
  Array.from({ length: count }, (_, index) => ({
    type,
    zxid: zxid + BigInt(index),
    timeMs: START_MS + (Number(zxid) + index) * 1000,
    record: Buffer.alloc(4),
  }))

async function put(name: string, bytes: Uint8Array, padTo?: number): Promise<FileOnDisk> {
  const path = join(dir, name)
  await writeFile(path, bytes)
  if (padTo !== undefined) await truncate(path, padTo)
  const file = parseServerFile(name)
  if (file === null) throw new Error(`${name} is no log`)
  return { file, path, sizeBytes: padTo ?? bytes.length, diskBytes: bytes.length, modifiedMs: 0 }
}

describe('what logs say about the writing', () => {
  it('is added up by their own times, padding and sessions apart', async () => {
    const second = await put('log.3d', encodeLog(txns(0x3dn, 60, TXN_TYPE.createSession)), 64 << 20)
    const first = await put('log.1', encodeLog(txns(1n, 60)))
    const { total, byName, isPartial } = await measureLogs([second, first], PLENTY)
    expect(isPartial).toBe(false)
    expect(total).toMatchObject({ txns: 120, changes: 0, firstMs: START_MS + 1000, lastMs: START_MS + 120_000 })
    expect(total?.busiestMinute).toMatchObject({ atMs: START_MS + MINUTE_MS, txns: 60 })
    expect(byName.get('log.3d')).toMatchObject({
      txns: 60,
      firstZxid: 0x3dn,
      lastZxid: 0x78n,
      isWhole: true,
      fault: null,
    })
  })

  it('is read newest first, and no further than it may', async () => {
    const newest = await put('log.2', encodeLog(txns(2n, 40_000)))
    const oldest = await put('log.1', encodeLog(txns(1n, 1)))
    const { byName, isPartial } = await measureLogs([newest, oldest], { bytesMax: 1 << 20 })
    expect(isPartial).toBe(true)
    expect([...byName.keys()]).toEqual(['log.2'])
    expect(byName.get('log.2')?.isWhole).toBe(false)
    expect(byName.get('log.2')?.txns).toBeGreaterThan(1000)
  })

  it('goes on past a log with a fault, an empty one and one that is gone, and tells the fault', async () => {
    const damaged = encodeLog(txns(20n, 3))
    damaged[damaged.length - 20] = (damaged[damaged.length - 20] ?? 0) ^ 1
    const logs = [
      await put('log.14', damaged),
      await put('log.13', Buffer.alloc(16), 1 << 20),
      { ...(await put('log.12', Buffer.alloc(0))), path: join(dir, 'log.gone') },
      await put('log.1', encodeLog(txns(1n, 5))),
    ]
    const { total, byName, isPartial } = await measureLogs(logs, PLENTY)
    expect(total?.txns).toBe(7)
    expect(isPartial).toBe(true)
    expect(byName.get('log.14')).toMatchObject({ txns: 2, isWhole: false })
    expect(byName.get('log.14')?.fault).toContain('not readable at byte')
    expect(byName.get('log.13')?.fault).toContain('ZKLG')
    expect(byName.has('log.12')).toBe(false)
  })

  it('ends where its reader leaves', async () => {
    const log = await put('log.1', encodeLog(txns(1n, 5)))
    const controller = new AbortController()
    controller.abort()
    await expect(measureLogs([log], { ...PLENTY, signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })
})
